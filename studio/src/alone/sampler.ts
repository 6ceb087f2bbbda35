// Schedule, steps, inversion by residuals and both samplers: maths/schedule, steps, inversion and sampling/sampler of the core.

import { rint, type Values } from "./raster";

export interface Step { t: number; here: number; after: number }
export type Predict = (z: Values, t: number) => Promise<Values>;
/** Holds a latent, after so many steps, to what may not change. */
export type Hold = (done: number, z: Values) => Values;

export class Schedule {
  readonly alphaBars: readonly number[];

  constructor(readonly trainSteps: number, first: number, last: number) {
    const bars: number[] = [];
    let product = 1;
    for (let t = 0; t < trainSteps; t++) {
      product *= 1 - (first ** 0.5 + ((last ** 0.5 - first ** 0.5) * t) / (trainSteps - 1)) ** 2;
      bars.push(product);
    }
    this.alphaBars = bars;
  }

  /** The sampling grid, trailing: from noise to picture. */
  steps(count: number): Step[] {
    const times = Array.from({ length: count }, (_, i) => rint(this.trainSteps - (i * this.trainSteps) / count) - 1);
    return times.map((t, i) => ({ t, here: this.alphaBars[t], after: i + 1 < count ? this.alphaBars[times[i + 1]] : 1 }));
  }
}

/** The sum of arrays, each times its factor. */
export function sum(...terms: [number, Values][]): Values {
  const made = new Float32Array(terms[0][1].length);
  const wide = new Float64Array(made.length);
  for (const [factor, values] of terms) for (let i = 0; i < wide.length; i++) wide[i] += factor * values[i];
  made.set(wide);
  return made;
}

const sigma = ({ here, after }: Step, eta: number): number => eta * (((1 - after) / (1 - here)) * (1 - here / after)) ** 0.5;
const gain = ({ here, after }: Step): number => (after === 1 || here === 0 ? Infinity : 0.5 * Math.log(after / (1 - after) / (here / (1 - here))));
export const foreseen = (z: Values, eps: Values, here: number): Values => sum([1 / here ** 0.5, z], [-((1 - here) ** 0.5) / here ** 0.5, eps]);

function mean(z: Values, eps: Values, step: Step, eta: number): Values {
  const scale = (step.after / step.here) ** 0.5;
  const towards = Math.max(0, 1 - step.after - sigma(step, eta) ** 2) ** 0.5;
  return sum([scale, z], [towards - scale * (1 - step.here) ** 0.5, eps]);
}

/** Latents from noise to picture: the whole forward process on the grid. `noises` in the order in which they are drawn. */
export function forwardChain(z0: Values, noises: Values[], steps: Step[]): Values[] {
  const chain = [z0];
  for (let k = steps.length - 1; k >= 0; k--) {
    const alpha = steps[k].here / steps[k].after;
    chain.push(sum([alpha ** 0.5, chain[chain.length - 1]], [(1 - alpha) ** 0.5, noises[k]]));
  }
  return chain.reverse();
}

/** A stored forward process on another grid; between its levels by a Brownian bridge. */
export function atLevels(chain: Values[], steps: Step[], noises: Values[], wanted: Step[]): Values[] {
  const stored = steps.map((step, k): [Values, number] => [chain[k], step.here]).reverse();
  const made = [chain[chain.length - 1]];
  let cleaner: [Values, number] = [made[0], 1];
  for (let k = wanted.length - 1; k >= 0; k--) {
    const { here } = wanted[k];
    while (stored[0][1] > here) cleaner = stored.shift()!;
    const [noisier, most] = stored[0];
    const z = most === here ? noisier : between(cleaner, [noisier, most], here, noises[k]);
    cleaner = [z, here];
    made.push(z);
  }
  return made.reverse();
}

function between([clean, cleanBar]: [Values, number], [noisy, noisyBar]: [Values, number], bar: number, noise: Values): Values {
  const [cleaner, here, noisier] = [cleanBar, bar, noisyBar].map((alpha) => (1 - alpha) / alpha);
  const share = (here - cleaner) / (noisier - cleaner);
  const b = bar ** 0.5;
  return sum([(b * (1 - share)) / cleanBar ** 0.5, clean], [(b * share) / noisyBar ** 0.5, noisy], [b * (share * (noisier - here)) ** 0.5, noise]);
}

/** The noise that a step goes by: the network's own, or (dpm) of second order from what the step before foresaw. */
function walk(eps: Predict, second: boolean): (z: Values, step: Step) => Promise<Values> {
  let before: [Step, Values] | undefined;
  return async (z, step) => {
    const predicted = await eps(z, step.t);
    if (!second) return predicted;
    const z0 = foreseen(z, predicted, step.here);
    const last = before;
    before = [step, z0];
    if (!last || gain(step) === Infinity) return predicted;
    const share = ((0.5 * gain(step)) / gain(last[0])) * (step.here / (1 - step.here)) ** 0.5;
    return sum([1, predicted], [-share, z0], [share, last[1]]);
  };
}

export interface Walk { steps: Step[]; second: boolean; hold?: Hold; told: (done: number) => Promise<void> }

/** The content picture rebuilt for `kept` steps along the stored chain, then the new style with the residuals of the old. */
export async function restyle(source: Predict, target: Predict, chain: Values[], kept: number, { steps, second, hold, told }: Walk): Promise<Values> {
  const [from, to] = [walk(source, second), walk(target, second)];
  let z = chain[kept];
  if (kept) await told(kept);
  for (let k = kept; k < steps.length; k++) {
    const extra = sum([1, chain[k + 1]], [-1, mean(chain[k], await from(chain[k], steps[k]), steps[k], 1)]);
    z = sum([1, mean(z, await to(z, steps[k]), steps[k], 1)], [1, extra]);
    if (hold) z = hold(k + 1, z);
    await told(k + 1);
  }
  return z;
}

/** From new noise, by DDIM's steps. */
export async function sampleFresh(target: Predict, noise: Values, { steps, second, hold, told }: Walk): Promise<Values> {
  const to = walk(target, second);
  let z = noise;
  for (let k = 0; k < steps.length; k++) {
    z = mean(z, await to(z, steps[k]), steps[k], 0);
    if (hold) z = hold(k + 1, z);
    await told(k + 1);
  }
  return z;
}
