// Bytes: joined, as base64, and their SHA-256, which browsers offer to secure pages alone.

export type Bytes = Uint8Array<ArrayBuffer>;

export function joined(...parts: (Uint8Array | readonly number[])[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) whole.set(part, (at += part.length) - part.length);
  return whole;
}

export function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

export const fromBase64 = (text: string): Bytes => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));

export const floatsOf = (bytes: Bytes): Float32Array<ArrayBuffer> => new Float32Array(bytes.slice().buffer);
export const bytesOf = (values: Float32Array<ArrayBuffer>): Bytes => new Uint8Array(values.slice().buffer);

const PRIMES = ((): number[] => {
  const found: number[] = [];
  for (let one = 2; found.length < 64; one++) if (found.every((prime) => one % prime)) found.push(one);
  return found;
})();
const fraction = (value: number): number => ((value - Math.floor(value)) * 2 ** 32) | 0;
const ROUNDS = PRIMES.map((prime) => fraction(prime ** (1 / 3)));
const START = PRIMES.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));

export function sha256(data: Uint8Array): string {
  const whole = new Uint8Array((((data.length + 8) >> 6) + 1) << 6);
  whole.set(data);
  whole[data.length] = 128;
  const view = new DataView(whole.buffer);
  view.setBigUint64(whole.length - 8, BigInt(data.length) * 8n);
  const state = [...START];
  const words = new Int32Array(64);
  const turn = (value: number, by: number): number => (value >>> by) | (value << (32 - by));
  for (let block = 0; block < whole.length; block += 64) {
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(block + 4 * i);
    for (let i = 16; i < 64; i++) {
      const [near, far] = [words[i - 15], words[i - 2]];
      words[i] = words[i - 16] + (turn(near, 7) ^ turn(near, 18) ^ (near >>> 3)) + words[i - 7] + (turn(far, 17) ^ turn(far, 19) ^ (far >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const first = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + ROUNDS[i] + words[i]) | 0;
      const second = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((value, place) => (state[place] = (state[place] + value) | 0));
  }
  return state.map((value) => (value >>> 0).toString(16).padStart(8, "0")).join("");
}
