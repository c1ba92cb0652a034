/**
 * Makes something of each item, up to `atOnce` of them at the same time, and gives them in their order. Leaving the loop waits for
 * those that are on their way.
 */
export async function* madeInOrder<Item, Made>(
  items: readonly Item[],
  atOnce: number,
  make: (item: Item) => Promise<Made>,
): AsyncGenerator<Made> {
  const underway: Promise<Made>[] = [];
  let next = 0;
  try {
    while (next < items.length || underway.length > 0) {
      while (underway.length < atOnce && next < items.length) {
        const made: Promise<Made> = make(items[next++]!);
        // It is heard of in its turn.
        made.catch(() => {});
        underway.push(made);
      }
      yield await underway.shift()!;
    }
  } finally {
    await Promise.allSettled(underway);
  }
}
