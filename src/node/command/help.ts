/** Owns the reply of a container's HELP. Source: Redis networking.c addReplyHelp. */
import { array, simple } from '../../protocol/resp/encode.ts';

/** `container` in upper case; `lines` as they are shown: usage at the margin, explanations indented by four. */
export function helpReply(container: string, lines: readonly string[]): string {
  const header = `${container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`;
  return array([header, ...lines, 'HELP', '    Prints this help.'].map(simple));
}
