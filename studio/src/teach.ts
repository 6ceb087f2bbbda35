// Teaching a model the pictures of a set, into a saved card.

import { api, follow, type Card } from "./api";
import { button, dialog, h, pickFiles, say } from "./dom";
import { give } from "./picker";
import { model, setup } from "./state";
import { fill, t } from "./texts";

const LEAST = 8;
const MOST = 200;

export function teach(take: (card: Card) => void): void {
  if (setup.teaching) {
    dialog(t.teach, t.close, h("p", {}, setup.teaching));
    return;
  }
  const pictures: string[] = [];
  const name = h("input", { type: "text", id: "lesson-name", maxLength: 80, value: t.cardName, "aria-label": t.cardName });
  const told = h("p", { className: "note", role: "status", id: "lesson-told" }, t.teachHelp);
  const bar = h("progress", { max: 1, value: 0, "aria-label": t.teach });
  let job = "";
  const start = button(t.teach, () => void begin(), { id: "lesson-start", className: "primary", disabled: true });
  const stop = button(t.cancel, () => void api.cancel(job).catch(() => undefined), { className: "quiet", hidden: true, id: "lesson-cancel" });
  const choose = button(t.chooseFiles, () => pickFiles({ multiple: true, accept: "image/*,.svg" }, (files) => void given(files)), { id: "lesson-files" });
  const folder = button(t.chooseFolder, () => pickFiles({ webkitdirectory: true }, (files) => void given(files)));
  const given = async (files: File[]): Promise<void> => {
    const found = files.filter((file) => /^image\/|\.svg$/i.test(file.type || file.name)).slice(0, MOST - pictures.length);
    for (const [place, file] of found.entries()) {
      told.textContent = fill(t.reading, place + 1, found.length);
      const picture = await give(file);
      if (picture && !pictures.includes(picture.id)) pictures.push(picture.id);
    }
    told.textContent = pictures.length < LEAST ? fill(t.teachMore, pictures.length, LEAST) : fill(t.teachReady, pictures.length);
    start.disabled = pictures.length < LEAST;
  };
  const begin = async (): Promise<void> => {
    try {
      job = (await api.teach(model().name, name.value.trim() || t.cardName, pictures)).job;
    } catch (error) {
      return say((error as Error).message, true);
    }
    [start, choose, folder, name].forEach((one) => (one.disabled = true));
    stop.hidden = false;
    follow(job, (state) => {
      const over = ["done", "failed", "cancelled"].includes(state.state);
      bar.value = state.done / state.total;
      progress.classList.toggle("running", !over);
      stop.hidden = over;
      [start, choose, folder, name].forEach((one) => (one.disabled = !over));
      told.textContent = state.state === "failed" ? fill(t.failed, state.error) : state.state === "cancelled" ? t.cancelled : state.state === "waiting" ? fill(t.waiting, state.ahead)
        : [fill(t.drawing, state.done, state.total), state.left !== null && fill(t.left, Math.ceil(state.left))].filter(Boolean).join(", ");
      if (state.state === "done") void api.cards().then(({ cards }) => (box.close(), take(cards[0]), say(t.cardSaved)));
    });
  };
  const progress = h("div", { className: "progress" }, bar, h("div", { className: "row" }, told, stop));
  const box = dialog(t.teach, t.close, h("div", { className: "row" }, choose, folder, name, start), progress);
}
