/** Words of anything that was thrown: errors of the composition are of another realm, where `instanceof` does not know them. */
export function describe(thrown: unknown): string {
  const { name, message } = Object(thrown) as Partial<Error>;
  return message === undefined ? String(thrown) : `${name}: ${message}`;
}

export function capitalised(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1);
}
