/**
 * Owns the lines of standard input where it is no terminal: whoever asks takes the next one, so that a password and the
 * answers behind it come from one pipe. Nothing is read before it is asked for.
 */
let lines: AsyncGenerator<string, undefined> | undefined;

/** Undefined at the end. */
export async function nextInputLine(): Promise<string | undefined> {
  lines ??= linesOf(process.stdin);
  const { value, done } = await lines.next();
  return done === true ? undefined : value;
}

async function* linesOf(input: NodeJS.ReadableStream): AsyncGenerator<string, undefined> {
  let text = '';
  for await (const chunk of input) {
    text += String(chunk);
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      yield text.slice(0, end);
      text = text.slice(end + 1);
    }
  }
  if (text !== '') yield text;
  return undefined;
}
