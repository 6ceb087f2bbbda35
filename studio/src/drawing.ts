// Jobs of this page: a quick look while something moves, the picture once it rests.

import { address, api, follow, Refused, type JobState } from "./api";
import { QUICK_STEPS } from "./alone/recipe";
import { say } from "./dom";
import { change, now, onChange, wanted } from "./state";
import { fill, t } from "./texts";

export interface View { look?: string; numbers: number[]; job?: JobState }

const REST = 250; // ms after the last move

let view: View = { numbers: [] };
let current: { job: string; stop: () => void } | undefined;
let looking = false;
let missed = false;
let finals = 0;
let timer = 0;
const listeners: ((view: View) => void)[] = [];

export const live = { on: localStorage.getItem("live") !== "off" };
export const onView = (listener: (view: View) => void): void => void listeners.push(listener);

export function show(part: Partial<View>): void {
  view = { ...view, ...part };
  listeners.forEach((listener) => listener(view));
}

export function begin(): void {
  onChange((how) => {
    clearTimeout(timer);
    if (!live.on) return;
    void cancel(true);
    if (how === "moving") void look();
    else timer = window.setTimeout(() => void settle(), REST);
  });
}

/** The picture itself, and a quick look before it where it takes longer than one. */
export async function settle(): Promise<void> {
  const asked = wanted(false);
  if (!asked) return;
  if (Number(asked.dials.steps ?? 50) > QUICK_STEPS) await look();
  if (JSON.stringify(wanted(false)) !== JSON.stringify(asked)) return; // it moved on
  if (asked.count === 1) await draw();
}

export async function look(): Promise<void> {
  const asked = wanted(true);
  if (!asked) return;
  missed = looking;
  if (looking) return;
  looking = true;
  const before = finals;
  const late = (): boolean => finals !== before && !current; // the picture itself is there already
  try {
    const state = await finished((await api.order(asked)).job, (job) => current || late() || show({ job }));
    if (state.state === "done" && !late()) show({ look: address.look(state.job), numbers: [], job: state });
    else if (state.state === "failed") tell(state);
  } catch (error) {
    refuse(error);
    missed = false;
  } finally {
    looking = false;
  }
  if (missed && finals === before) await look();
}

const finished = (job: string, meanwhile: (state: JobState) => void): Promise<JobState> =>
  new Promise((resolve) => follow(job, (state) => (["done", "failed", "cancelled"].includes(state.state) ? resolve : meanwhile)(state)));

/** The picture, or the pictures, kept in the history. */
export async function draw(): Promise<void> {
  const asked = wanted(false);
  if (!asked) return;
  clearTimeout(timer);
  await cancel(true);
  try {
    const state = await api.order(asked);
    finals += 1;
    current = { job: state.job, stop: follow(state.job, tell) };
    tell(state);
  } catch (error) {
    refuse(error);
  }
}

export async function cancel(quietly = false): Promise<void> {
  if (!current) return;
  const { job, stop } = current;
  current = undefined;
  if (quietly) stop();
  await api.cancel(job).then((state) => quietly || tell(state)).catch(() => undefined);
  if (quietly) show({ job: undefined });
}

function tell(state: JobState): void {
  const over = ["done", "failed", "cancelled"].includes(state.state);
  if (over && current?.job === state.job) current = undefined;
  if (state.numbers.length) show({ numbers: state.numbers, look: undefined, job: state });
  else show({ job: state });
  if (state.state === "failed") say(fill(t.failed, state.error), true);
}

function refuse(error: unknown): void {
  if (!(error instanceof Refused)) return say(t.noAnswer, true);
  if (error.message.includes("not here any more")) {
    say(t.gone, true);
    change({ content: null, mask: null, protect: null, styles: now().styles.filter((one) => one.words || one.card) }, "recalled");
  } else say(error.message, true);
}
