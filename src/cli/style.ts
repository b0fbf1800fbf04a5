/** Owns colour: which text gets which, and whether any is written at all. */
import { styleText } from 'node:util';

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'magenta' | 'blue' | 'bold' | 'dim';

/** Paints text, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string;

export const plainPaint: Paint = (_, text) => text;

const terminalPaint: Paint = (colour, text) => (text === '' ? '' : styleText(colour, text));

/** Colour is for a person at a terminal who did not ask to go without: NO_COLOR, --no-color, TERM=dumb. */
export function paintFor(isTerminal: boolean, wanted: boolean, env: NodeJS.ProcessEnv): Paint {
  const refused = !wanted || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return isTerminal && !refused ? terminalPaint : plainPaint;
}
