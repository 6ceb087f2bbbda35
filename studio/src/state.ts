// What the page is set to, who is told when that changes, and the way back.

import { address, type Model, type Reference, type Setup, type Value, type Wanted } from "./api";

export interface Settings {
  model: string;
  content: string | null;
  styles: Reference[];
  /** Pictures, white where the style goes and where structure is kept. */
  mask?: string | null;
  protect?: string | null;
  /** Dials that were moved; the others are the model's own. */
  dials: Record<string, Value>;
  /** What becomes of the picture after the model, as of the command line; "auto" and "keep" where they are left out. */
  finish?: string;
  colors?: number | null;
  ground?: string;
  /** How far the style is moved along named directions. */
  lean?: Record<string, number>;
}

/** What moved: a dial that is still moving, something settled, or all of it from outside. */
export type Change = "moving" | "settled" | "recalled";

const KEPT = "settings";
const MOST_UNDO = 200;

let settings: Settings = { model: "", content: null, styles: [], dials: {} };
let past: string[] = [];
let future: string[] = [];
let written = "";
const listeners: ((change: Change) => void)[] = [];

export let setup: Setup;

export function begin(given: Setup): void {
  setup = given;
  settings.model = given.models[0].name;
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "null") as Settings | null;
    if (kept && given.models.some((model) => model.name === kept.model) && Array.isArray(kept.styles)) settings = kept;
  } catch {
    localStorage.removeItem(KEPT);
  }
  written = JSON.stringify(settings);
}

export const now = (): Readonly<Settings> => settings;
export const model = (): Model => setup.models.find((one) => one.name === settings.model) ?? setup.models[0];
export const onChange = (listener: (change: Change) => void): void => void listeners.push(listener);
export const canUndo = (): boolean => past.length > 0;
export const canRedo = (): boolean => future.length > 0;

export function change(part: Partial<Settings>, how: Change = "settled"): void {
  settings = { ...settings, ...part };
  if (how !== "moving") remember();
  listeners.forEach((listener) => listener(how));
}

function remember(): void {
  const text = JSON.stringify(settings);
  if (text === written) return;
  past = [...past.slice(-MOST_UNDO), written];
  future = [];
  written = text;
  localStorage.setItem(KEPT, text);
}

export function step(back: boolean): void {
  const [from, to] = back ? [past, future] : [future, past];
  const text = from.pop();
  if (text === undefined) return;
  to.push(written);
  written = text;
  settings = JSON.parse(text) as Settings;
  localStorage.setItem(KEPT, text);
  listeners.forEach((listener) => listener("recalled"));
}

/** The value of a dial: as it was moved, or the model's own; strength stands for two where it is set. */
export function value(name: string): Value {
  if (name in settings.dials) return settings.dials[name];
  const strength = settings.dials.strength;
  if (typeof strength === "number" && (name === "style_scale" || name === "structure")) {
    const at = strengthAt(strength);
    return name === "style_scale" ? at[0] : at[1];
  }
  return model().dials[name] ?? null;
}

export function strengthAt(strength: number): [number, number] {
  const stops = model().strength;
  const place = strength * (stops.length - 1);
  const low = Math.min(Math.floor(place), stops.length - 2);
  const mix = (one: 0 | 1): number => stops[low][one] + (place - low) * (stops[low + 1][one] - stops[low][one]);
  return [mix(0), mix(1)];
}

/** The strength whose structure is nearest to the one that is set. */
export function nearestStrength(): number | null {
  const [stops, kept] = [model().strength, Number(value("structure"))];
  const far = stops.map(([, structure]) => Math.abs(structure - kept));
  return stops.length > 1 ? far.indexOf(Math.min(...far)) / (stops.length - 1) : null;
}

export function set(moved: Record<string, Value>, how: Change = "settled"): void {
  const dials = { ...settings.dials, ...moved };
  if ("strength" in moved) {
    delete dials.style_scale;
    delete dials.structure;
  } else if ("style_scale" in moved || "structure" in moved) {
    const others = { style_scale: value("style_scale"), structure: value("structure") };
    if ("strength" in dials) Object.assign(dials, others, moved);
    delete dials.strength;
  }
  for (const name of Object.keys(dials)) if (dials[name] === null) delete dials[name];
  change({ dials }, how);
}

export function wanted(preview: boolean): Wanted | null {
  if (!settings.content || !settings.styles.length) return null;
  const { size = null, count = 1, ...dials } = settings.dials;
  const { model, content, styles, mask = null, protect = null } = settings;
  return { model, content, styles, mask, protect, ...finishing(), dials, size: size as number | null, count: preview ? 1 : (count as number), preview };
}

/** What is asked for beside the dials. */
export function finishing(): { finish: string; colors: number | null; ground: string; lean: Record<string, number> } {
  const { finish = "auto", colors = null, ground = "keep", lean = {} } = settings;
  return { finish, colors, ground, lean: Object.fromEntries(Object.entries(lean).filter(([name, share]) => share && model().directions.includes(name))) };
}

/** Set everything to what a picture was asked for. */
export function recallWanted(asked: Wanted): void {
  const own = setup.models.find((one) => one.name === asked.model)?.dials ?? {};
  const given: Record<string, Value> = { ...asked.dials, size: asked.size, count: asked.count };
  const dials = Object.fromEntries(Object.entries(given).filter(([name, value]) => value !== null && value !== own[name]));
  const { model, content, styles, mask = null, protect = null, finish = "none", colors = null, ground = "keep", lean = {} } = asked;
  change({ model, content, styles, mask, protect, finish, colors, ground, lean, dials }, "recalled");
}

export function face(one: Reference): string {
  return one.card ? address.card(one.card) : address.thumb(one.picture ?? one.recipe ?? "");
}
