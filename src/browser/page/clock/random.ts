/** A row of numbers that look random and are the same for the same seed. */
export interface RandomNumbers {
  /** A whole number from 0 to 4294967295. */
  nextUint32(): number;
  /** From 0 up to but not including 1, with 53 bits. */
  next(): number;
}

/** sfc32, the small fast chaotic generator of PractRand (https://pracrand.sourceforge.net): 128 bits of state. */
export function randomNumbers(seed: number, stream: number): RandomNumbers {
  let [a, b, c, counter] = [seed | 0, stream | 0, 0x9e3779b9 | 0, 1];
  const nextUint32 = (): number => {
    const sum: number = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  // Seeds that differ little give rows that differ only after some steps.
  for (let step = 0; step < 16; step++) nextUint32();
  return {
    nextUint32,
    next: () => ((nextUint32() >>> 5) * 67108864 + (nextUint32() >>> 6)) / 9007199254740992,
  };
}
