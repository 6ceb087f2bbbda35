// The picture in the middle: before and after, how far a job is, and what can be done with what it made.

import { address, api, follow, type Picture } from "./api";
import { button, h, say } from "./dom";
import { cancel, draw, live, onView, settle, show, type View } from "./drawing";
import { canRedo, canUndo, now, onChange, step } from "./state";
import { addStyle, setContent } from "./slots";
import { fill, t } from "./texts";

export function stage(): HTMLElement {
  const before = h("img", { className: "before", alt: t.contentPicture });
  const after = h("img", { className: "after", id: "result", alt: "" });
  const slider = h("input", { type: "range", className: "compare", min: "0", max: "100", step: "1", value: "0", "aria-label": t.compare });
  const edge = h("span", { className: "edge", "aria-hidden": "true" });
  const empty = h("p", { className: "note empty" }, t.noResult);
  const picture = h("div", { className: "picture" }, before, after, edge, slider, empty);
  const compare = (): void => {
    after.style.clipPath = `inset(0 0 0 ${slider.value}%)`;
    edge.style.left = `clamp(1px, ${slider.value}%, calc(100% - 2px))`;
    edge.style.setProperty("--x", slider.value);
  };
  slider.addEventListener("input", compare);
  compare();

  const strip = h("div", { className: "strip" });
  const bar = h("progress", { max: 1, value: 0, "aria-label": t.draw });
  const told = h("span", { id: "told", role: "status" });
  const stop = button(t.cancel, () => void cancel(), { id: "cancel", className: "quiet" });
  const progress = h("div", { className: "progress" }, bar, h("div", { className: "row" }, told, stop));
  const make = button(t.draw, () => void draw(), { id: "draw", className: "primary" });
  const onLive = h("input", { type: "checkbox", role: "switch", id: "live", checked: live.on, onchange: () => {
    live.on = onLive.checked;
    localStorage.setItem("live", live.on ? "on" : "off");
    if (live.on) void settle();
  } });
  const undo = button("↶", () => step(true), { className: "quiet", "aria-label": t.undo, title: t.undo });
  const redo = button("↷", () => step(false), { className: "quiet", "aria-label": t.redo, title: t.redo });
  const actions = h("div", { className: "row actions" });
  const family = h("div", { className: "family" });
  let chosen = 0;
  let last: View = { numbers: [] };

  const showView = (view: View): void => {
    if (view.numbers.join() !== last.numbers.join()) chosen = view.numbers.at(-1) ?? 0;
    last = view;
    const source = chosen ? address.drawn(chosen) : view.look;
    if (source && after.getAttribute("src") !== source) after.src = source;
    after.alt = source ? t.result : "";
    after.classList.toggle("look", !chosen && !!view.look);
    picture.classList.toggle("has", !!source);
    const { job } = view;
    const running = job && !job.preview && (job.state === "waiting" || job.state === "drawing");
    bar.value = job && running ? job.done / job.total : 0;
    progress.classList.toggle("running", !!running);
    stop.hidden = !running;
    told.textContent = !job ? "" : status(job, !!chosen);
    empty.textContent = job && ["waiting", "drawing"].includes(job.state) ? t.firstLook : t.noResult;
    strip.replaceChildren(...(view.numbers.length > 1 ? view.numbers.map(tile) : []));
    if (String(chosen) !== actions.dataset.number) {
      actions.dataset.number = String(chosen);
      actions.replaceChildren(...(chosen ? useOf(chosen) : []));
      family.replaceChildren();
      if (chosen) void lineage(chosen, family);
    }
  };
  const tile = (number: number): HTMLElement =>
    h("button", { type: "button", className: "tile", "aria-pressed": String(number === chosen), onclick: () => ((chosen = number), showView(last)) },
      h("img", { src: address.small(number), alt: fill(t.openPicture, number) }));
  onView(showView);
  const settings = (): void => {
    const { content } = now();
    before.hidden = !content;
    if (content && !before.src.endsWith(address.large(content))) before.src = address.large(content);
    make.disabled = !content || !now().styles.length;
    undo.disabled = !canUndo();
    redo.disabled = !canRedo();
  };
  onChange(settings);
  settings();
  return h(
    "section", { className: "stage", "aria-label": t.result },
    picture, h("div", { className: "ends", "aria-hidden": "true" }, h("span", {}, t.before), h("span", {}, t.after)), progress, strip,
    h("div", { className: "row controls" }, make, h("label", { className: "live", title: t.liveHelp }, onLive, h("span", {}, t.live)), undo, redo),
    actions, family,
  );
}

/** The pictures that one was made from, and those that were made from it. */
async function lineage(number: number, place: HTMLElement): Promise<void> {
  const found = await api.lineage(number).catch(() => ({ parents: [], children: [] }));
  const line = (title: string, numbers: number[]): HTMLElement[] => numbers.length
    ? [h("span", { className: "note" }, title), ...numbers.map((one) => h("button", { type: "button", className: "tile small", onclick: () => open(one) }, h("img", { src: address.small(one), alt: fill(t.openPicture, one) })))] : [];
  place.replaceChildren(...line(t.madeFrom, found.parents), ...line(t.madeInto, found.children));
}

/** Draw a picture again here, and say whether every pixel is the same. */
async function compared(number: number, badge: HTMLElement): Promise<void> {
  badge.textContent = `${t.drawingAgain} …`;
  badge.className = "badge";
  try {
    const picture = await api.made(number);
    follow((await api.again(picture.id)).job, (state) => {
      if (state.state === "failed" || state.state === "cancelled") badge.textContent = state.error || t.cancelled;
      if (state.state !== "done") return;
      badge.classList.add(state.differs ? "differs" : "same");
      badge.textContent = state.differs ? fill(t.differs, state.differs) : t.same;
      if (state.differs) badge.append(h("img", { src: address.look(state.job), alt: t.whereDiffers }));
    });
  } catch (error) {
    say((error as Error).message, true);
  }
}

function status(job: NonNullable<View["job"]>, kept: boolean): string {
  if (job.preview && job.state !== "failed") return job.state !== "done" ? `${t.quickLook} …` : kept ? "" : t.quickLook;
  if (job.state === "waiting") return fill(t.waiting, job.ahead);
  if (job.state === "drawing") return [fill(t.drawing, job.done, job.total), job.left !== null && fill(t.left, Math.ceil(job.left))].filter(Boolean).join(", ");
  if (job.state === "cancelled") return t.cancelled;
  if (job.state === "failed") return fill(t.failed, job.error);
  return fill(t.finished, job.seconds.toFixed(1));
}

function useOf(number: number): HTMLElement[] {
  const again = async (use: (picture: Picture) => void): Promise<void> => {
    try {
      use(await api.made(number));
    } catch (error) {
      say((error as Error).message, true);
    }
  };
  const badge = h("output", { className: "badge", id: "badge" });
  return [
    h("a", { className: "button", id: "download", href: address.drawn(number), download: `parasol-${number}.png` }, t.download),
    button(t.asContent, () => void again(setContent)),
    button(t.asStyle, () => void again((picture) => addStyle({ picture: picture.id, weight: 1 }))),
    button(t.drawAgain, () => void compared(number, badge), { id: "draw-again", title: t.drawAgainHelp }),
    badge,
  ];
}

/** A picture of the history, on the stage. */
export function open(number: number): void {
  void cancel(true);
  show({ numbers: [number], look: undefined, job: undefined });
}
