// The noise of a seed, as numpy draws it: SeedSequence, PCG64, and float32 normals by the ziggurat of Marsaglia and Tsang.

const LIMB = 2 ** 24;
const MULTIPLIER = limbs(0x2360ed051fc65da44385df649fccf645n);

/** A 128 bit number as six limbs of 24 bits, the lowest first: products of limbs, and sums of six, are exact as doubles. */
function limbs(value: bigint): number[] {
  return [0n, 1n, 2n, 3n, 4n, 5n].map((place) => Number((value >> (24n * place)) & 0xffffffn));
}

/** The four 64 bit words that PCG64 starts from; `entropy` are whole numbers from 0 on. */
function seedState(entropy: readonly bigint[]): bigint[] {
  const words: number[] = [];
  for (let value of entropy) {
    do words.push(Number(value & 0xffffffffn));
    while ((value >>= 32n) > 0n);
  }
  let constant = 0x43b0d7e5;
  const hashed = (value: number): number => {
    value ^= constant;
    constant = Math.imul(constant, 0x931e8875);
    value = Math.imul(value, constant);
    return (value ^ (value >>> 16)) >>> 0;
  };
  const mixed = (x: number, y: number): number => {
    const result = (Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y)) | 0;
    return (result ^ (result >>> 16)) >>> 0;
  };
  const pool = [0, 1, 2, 3].map((place) => hashed(words[place] ?? 0));
  for (let from = 0; from < 4; from++) for (let to = 0; to < 4; to++) if (from !== to) pool[to] = mixed(pool[to], hashed(pool[from]));
  for (const word of words.slice(4)) for (let to = 0; to < 4; to++) pool[to] = mixed(pool[to], hashed(word));
  constant = 0x8b51f9dd;
  const state = Array.from({ length: 8 }, (_, place) => {
    let value = pool[place % 4] ^ constant;
    constant = Math.imul(constant, 0x58f38ded);
    value = Math.imul(value, constant);
    return BigInt((value ^ (value >>> 16)) >>> 0);
  });
  return [0, 2, 4, 6].map((place) => state[place] | (state[place + 1] << 32n));
}

const RADIUS = 3.6541528853610087963519472518;
const AREA = 0.00492867323399;
const [REACH, SCALE, HEIGHT] = ziggurat();

/** Of each of 256 layers: below what 23 bits are inside, what a bit stands for, how high its edge lies. */
function ziggurat(): [Uint32Array, Float32Array, Float32Array] {
  const [reach, scale, height] = [new Uint32Array(256), new Float32Array(256), new Float32Array(256)];
  const bits = 2 ** 23;
  const bell = (x: number): number => Math.exp(-0.5 * x * x);
  let [here, before] = [RADIUS, RADIUS];
  const base = AREA / bell(here);
  reach[0] = Math.round((here / base) * bits);
  [scale[0], scale[255], height[0], height[255]] = [base / bits, here / bits, 1, bell(here)];
  for (let layer = 254; layer > 0; layer--) {
    here = Math.sqrt(-2 * Math.log(AREA / here + bell(here)));
    reach[layer + 1] = Math.round((here / before) * bits);
    before = here;
    [height[layer], scale[layer]] = [bell(here), here / bits];
  }
  return [reach, scale, height];
}

/** `numpy.random.default_rng(seed)`, of which float32 normals are drawn. */
export class Random {
  private readonly state: number[];
  private readonly increment: number[];
  private spare = -1;

  constructor(...entropy: bigint[]) {
    const [first, second, third, fourth] = seedState(entropy);
    this.increment = limbs((((third << 64n) | fourth) << 1n) | 1n);
    this.state = [0, 0, 0, 0, 0, 0];
    this.step();
    const start = limbs((first << 64n) | second);
    let carry = 0;
    for (let place = 0; place < 6; place++) {
      const sum = this.state[place] + start[place] + carry;
      carry = sum >= LIMB ? 1 : 0;
      this.state[place] = sum % LIMB;
    }
    this.state[5] &= 0xff;
    this.step();
  }

  /** So many standard normal numbers. */
  normals(count: number): Float32Array<ArrayBuffer> {
    const drawn = new Float32Array(count);
    for (let place = 0; place < count; place++) drawn[place] = this.normal();
    return drawn;
  }

  private normal(): number {
    for (;;) {
      const word = this.word();
      const layer = word & 0xff;
      const size = word >>> 9;
      const value = Math.fround(size * SCALE[layer]);
      const x = (word >>> 8) & 1 ? -value : value;
      if (size < REACH[layer]) return x;
      if (layer === 0) {
        for (;;) {
          const beyond = Math.fround(Math.fround(-1 / RADIUS) * Math.fround(Math.log1p(-this.share())));
          const room = -Math.fround(Math.log1p(-this.share()));
          if (room + room > Math.fround(beyond * beyond)) return Math.fround((size >>> 8) & 1 ? -(RADIUS + beyond) : RADIUS + beyond);
        }
      }
      const edge = Math.fround(Math.fround(Math.fround(HEIGHT[layer - 1] - HEIGHT[layer]) * this.share()) + HEIGHT[layer]);
      if (edge < Math.exp(-0.5 * x * x)) return x;
    }
  }

  private share(): number {
    return (this.word() >>> 8) / LIMB;
  }

  /** 32 bits: the lower half of 64 first. */
  private word(): number {
    if (this.spare >= 0) {
      const kept = this.spare;
      this.spare = -1;
      return kept;
    }
    this.step();
    const [a, b, c, d, e, f] = this.state;
    const top = (e | (f << 24)) >>> 0;
    const [low, high] = [(a | (b << 24)) ^ ((c >>> 16) | (d << 8)), ((b >>> 8) | (c << 16)) ^ top];
    const turn = top >>> 26;
    const [first, second] = turn & 32 ? [high, low] : [low, high];
    const rest = turn & 31;
    this.spare = (rest ? (second >>> rest) | (first << (32 - rest)) : second) >>> 0;
    return (rest ? (first >>> rest) | (second << (32 - rest)) : first) >>> 0;
  }

  private step(): void {
    const { state, increment } = this;
    const [a, b, c, d, e, f] = state;
    const [A, B, C, D, E, F] = MULTIPLIER;
    const sums = [
      a * A, a * B + b * A, a * C + b * B + c * A, a * D + b * C + c * B + d * A,
      a * E + b * D + c * C + d * B + e * A, a * F + b * E + c * D + d * C + e * B + f * A,
    ];
    let carry = 0;
    for (let place = 0; place < 6; place++) {
      const sum = sums[place] + increment[place] + carry;
      carry = Math.floor(sum / LIMB);
      state[place] = sum - carry * LIMB;
    }
    state[5] &= 0xff;
  }
}
