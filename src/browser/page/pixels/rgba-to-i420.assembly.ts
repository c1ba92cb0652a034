// AssemblyScript, compiled to WebAssembly by scripts/compile-kernel.mjs; tsc does not read this file.

// BT.709 weights of R'G'B'; green has the rest.
const KR: f64 = 0.2126;
const KB: f64 = 0.0722;

// Limited range: luma spans 219 steps from 16, chroma 224 steps around 128. The scales are the
// largest powers of two that keep every coefficient within the i16 that dot_i16x8_s takes.
const LUMA_BITS: i32 = 15;
const CHROMA_BITS: i32 = 16;
const LUMA_UNIT: f64 = (219.0 / 255.0) * <f64>(1 << LUMA_BITS);
const CHROMA_UNIT: f64 = (224.0 / 255.0) * <f64>(1 << CHROMA_BITS);

// Casts truncate towards zero, so a half is added away from zero to round.
const Y_R: i16 = <i16>(KR * LUMA_UNIT + 0.5);
const Y_G: i16 = <i16>((1.0 - KR - KB) * LUMA_UNIT + 0.5);
const Y_B: i16 = <i16>(KB * LUMA_UNIT + 0.5);

// U = (B - Y) / (2 (1 - KB)) and V = (R - Y) / (2 (1 - KR)). Green is what makes each row sum to
// zero, so that every grey gives exactly 128.
const U_R: i16 = <i16>((-KR / (2.0 * (1.0 - KB))) * CHROMA_UNIT - 0.5);
const U_B: i16 = <i16>(0.5 * CHROMA_UNIT + 0.5);
const U_G: i16 = -U_R - U_B;
const V_R: i16 = <i16>(0.5 * CHROMA_UNIT + 0.5);
const V_B: i16 = <i16>((-KB / (2.0 * (1.0 - KR))) * CHROMA_UNIT - 0.5);
const V_G: i16 = -V_R - V_B;

// Chroma is computed from the sum of four pixels, hence two more bits: one rounding in all.
const CHROMA_SHIFT: i32 = CHROMA_BITS + 2;
const CHROMA_BIAS: i32 = (128 << CHROMA_SHIFT) + (1 << (CHROMA_SHIFT - 1));

/** Columns in a vector step: one full register of luma per row. */
const STEP: i32 = 16;

// A pixel is split into 16-bit lanes as (R, B) and (G, A), so that two dot products and one
// addition give a whole weighted sum per pixel without shuffling. Alpha's weight is 0.
function redBlue(pixels: v128): v128 {
  return v128.and(pixels, i16x8.splat(0xff));
}

function green(pixels: v128): v128 {
  return i16x8.shr_u(pixels, 8);
}

/** Luma of 8 pixels, as i16. */
function luma(rb0: v128, g0: v128, rb1: v128, g1: v128): v128 {
  const rb = i16x8(Y_R, Y_B, Y_R, Y_B, Y_R, Y_B, Y_R, Y_B);
  const g = i16x8(Y_G, 0, Y_G, 0, Y_G, 0, Y_G, 0);
  // One fractional bit is kept: avgr_u(2y, 2 * 16) is (2y + 32 + 1) >> 1, which rounds to nearest
  // and adds the offset of 16 for eight pixels at once.
  return i16x8.avgr_u(
    i16x8.narrow_i32x4_s(
      i32x4.shr_u(i32x4.add(i32x4.dot_i16x8_s(rb0, rb), i32x4.dot_i16x8_s(g0, g)), LUMA_BITS - 1),
      i32x4.shr_u(i32x4.add(i32x4.dot_i16x8_s(rb1, rb), i32x4.dot_i16x8_s(g1, g)), LUMA_BITS - 1),
    ),
    i16x8.splat(2 * 16),
  );
}

/** Sums of neighbouring columns: 8 columns become 4. */
function addColumns(left: v128, right: v128): v128 {
  return i16x8.add(v128.shuffle<i32>(left, right, 0, 2, 4, 6), v128.shuffle<i32>(left, right, 1, 3, 5, 7));
}

/** One chroma component of 4 blocks of 2x2 pixels, as i32. */
function chroma(rbSum: v128, gSum: v128, rb: v128, g: v128): v128 {
  return i32x4.shr_u(
    i32x4.add(i32x4.add(i32x4.dot_i16x8_s(rbSum, rb), i32x4.dot_i16x8_s(gSum, g)), i32x4.splat(CHROMA_BIAS)),
    CHROMA_SHIFT,
  );
}

function storeLuma(at: usize, r: i32, g: i32, b: i32): void {
  const sum = r * Y_R + g * Y_G + b * Y_B;
  store<u8>(at, (sum + (16 << LUMA_BITS) + (1 << (LUMA_BITS - 1))) >> LUMA_BITS);
}

/** One block of 2x2 pixels; the same arithmetic as the vector step. */
function convertBlock(rgba: usize, stride: usize, y: usize, width: usize, u: usize, v: usize): void {
  let r: i32 = 0;
  let g: i32 = 0;
  let b: i32 = 0;
  for (let row: usize = 0; row < 2; row++) {
    for (let column: usize = 0; column < 2; column++) {
      const at = rgba + row * stride + column * 4;
      const red = <i32>load<u8>(at);
      const grn = <i32>load<u8>(at, 1);
      const blue = <i32>load<u8>(at, 2);
      storeLuma(y + row * width + column, red, grn, blue);
      r += red;
      g += grn;
      b += blue;
    }
  }
  store<u8>(u, (r * U_R + g * U_G + b * U_B + CHROMA_BIAS) >> CHROMA_SHIFT);
  store<u8>(v, (r * V_R + g * V_G + b * V_B + CHROMA_BIAS) >> CHROMA_SHIFT);
}

/**
 * Converts straight RGBA to planar I420. Both sizes are even. The two pictures must not overlap:
 * where the width is not a multiple of 16, the last step of a row repeats some of its pixels.
 */
export function convert(rgba: usize, i420: usize, width: i32, height: i32): void {
  const lumaStride = <usize>width;
  const chromaStride = lumaStride >> 1;
  const stride = lumaStride << 2;
  const uRb = i16x8(U_R, U_B, U_R, U_B, U_R, U_B, U_R, U_B);
  const uG = i16x8(U_G, 0, U_G, 0, U_G, 0, U_G, 0);
  const vRb = i16x8(V_R, V_B, V_R, V_B, V_R, V_B, V_R, V_B);
  const vG = i16x8(V_G, 0, V_G, 0, V_G, 0, V_G, 0);

  let source = rgba;
  let y = i420;
  let u = i420 + lumaStride * <usize>height;
  let v = u + chromaStride * (<usize>height >> 1);
  for (let row = 0; row < height; row += 2) {
    if (width >= STEP) {
      const last = <usize>(width - STEP);
      for (let x: usize = 0; x < lumaStride; x += STEP) {
        const at = min(x, last);
        const from = source + (at << 2);
        const a0 = v128.load(from);
        const a1 = v128.load(from, 16);
        const a2 = v128.load(from, 32);
        const a3 = v128.load(from, 48);
        const aRb0 = redBlue(a0);
        const aRb1 = redBlue(a1);
        const aRb2 = redBlue(a2);
        const aRb3 = redBlue(a3);
        const aG0 = green(a0);
        const aG1 = green(a1);
        const aG2 = green(a2);
        const aG3 = green(a3);
        v128.store(y + at, i8x16.narrow_i16x8_u(luma(aRb0, aG0, aRb1, aG1), luma(aRb2, aG2, aRb3, aG3)));

        const below = from + stride;
        const b0 = v128.load(below);
        const b1 = v128.load(below, 16);
        const b2 = v128.load(below, 32);
        const b3 = v128.load(below, 48);
        const bRb0 = redBlue(b0);
        const bRb1 = redBlue(b1);
        const bRb2 = redBlue(b2);
        const bRb3 = redBlue(b3);
        const bG0 = green(b0);
        const bG1 = green(b1);
        const bG2 = green(b2);
        const bG3 = green(b3);
        v128.store(y + lumaStride + at, i8x16.narrow_i16x8_u(luma(bRb0, bG0, bRb1, bG1), luma(bRb2, bG2, bRb3, bG3)));

        const rb0 = addColumns(i16x8.add(aRb0, bRb0), i16x8.add(aRb1, bRb1));
        const rb1 = addColumns(i16x8.add(aRb2, bRb2), i16x8.add(aRb3, bRb3));
        const g0 = addColumns(i16x8.add(aG0, bG0), i16x8.add(aG1, bG1));
        const g1 = addColumns(i16x8.add(aG2, bG2), i16x8.add(aG3, bG3));
        const uv = i8x16.narrow_i16x8_u(
          i16x8.narrow_i32x4_s(chroma(rb0, g0, uRb, uG), chroma(rb1, g1, uRb, uG)),
          i16x8.narrow_i32x4_s(chroma(rb0, g0, vRb, vG), chroma(rb1, g1, vRb, vG)),
        );
        v128.store64_lane(u + (at >> 1), uv, 0);
        v128.store64_lane(v + (at >> 1), uv, 1);
      }
    } else {
      for (let x: usize = 0; x < lumaStride; x += 2) {
        convertBlock(source + (x << 2), stride, y + x, lumaStride, u + (x >> 1), v + (x >> 1));
      }
    }
    source += stride << 1;
    y += lumaStride << 1;
    u += chromaStride;
    v += chromaStride;
  }
}

/** Whether two stretches of memory hold the same bytes. Stops at the first 64 that differ. */
export function same(a: usize, b: usize, length: usize): bool {
  const vectors = length & ~63;
  let at: usize = 0;
  for (; at < vectors; at += 64) {
    const difference = v128.or(
      v128.or(v128.xor(v128.load(a + at), v128.load(b + at)), v128.xor(v128.load(a + at, 16), v128.load(b + at, 16))),
      v128.or(v128.xor(v128.load(a + at, 32), v128.load(b + at, 32)), v128.xor(v128.load(a + at, 48), v128.load(b + at, 48))),
    );
    if (v128.any_true(difference)) return false;
  }
  for (; at < length; at++) {
    if (load<u8>(a + at) !== load<u8>(b + at)) return false;
  }
  return true;
}
