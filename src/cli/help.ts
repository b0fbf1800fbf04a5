/**
 * Owns the order in which the help of a command tells its parts: examples come first, since most people look for the line
 * to copy. oclif loads this when help is asked for (package.json names it), and makes everything else of it.
 */
import { CommandHelp, Help } from '@oclif/core/help';

const first = ['EXAMPLES', 'USAGE', 'DESCRIPTION'];

class ExamplesFirst extends CommandHelp {
  protected override sections(): ReturnType<CommandHelp['sections']> {
    const rank = ({ header }: { readonly header: string }): number => {
      const place = first.indexOf(header);
      return place < 0 ? first.length : place;
    };
    return super.sections().sort((a, b) => rank(a) - rank(b));
  }
}

export default class TribHelp extends Help {
  protected override readonly CommandHelpClass = ExamplesFirst;
}
