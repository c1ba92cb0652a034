/** Three digits: more would say more than was measured. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
