// A drawing with room around it: vector/framing of the core.

import { groundAround, isOpaque, lifted, sized } from "./ground";
import { LANCZOS, raster, rgb, rint, type Raster } from "./raster";
import { boxOf, longest, maskOf } from "./regions";

const [GAP, ASIDE] = [3, 0.1];

/** A picture (RGBA) whose longer side has no more px. */
export function atMost(content: Raster, longer: number): Raster {
  const share = Math.min(longer / Math.max(content.height, content.width), 1);
  const own = (side: number): number => Math.max(1, rint(share * side));
  return share === 1 ? content : sized(content, [own(content.height), own(content.width)], LANCZOS, GAP);
}

/** A drawing (RGBA) on a plain or clear ground, no larger than that share of the side, in the middle where it would still stick out; all else as it is. */
export function inset(content: Raster, room: number): Raster {
  const { height, width } = content;
  const whole = isOpaque(content);
  const ground = whole ? groundAround(rgb(content)) : null;
  if (whole && !ground) return content;
  const drawn = ground ? lifted(rgb(content), ground) : content;
  const box = boxOf(maskOf(drawn, (place) => drawn.data[4 * place + 3] >= 0.5), 0);
  if (!box) return content;
  const longer = Math.max(height, width);
  const share = Math.min((room * longer) / longest(box), 1);
  const [down, across] = [box.top + box.bottom - height, box.left + box.right - width];
  const beyond = share * Math.max(box.bottom - box.top + Math.abs(down), box.right - box.left + Math.abs(across));
  const aside = beyond > (room + ASIDE) * longer;
  if (share === 1 && !aside) return content;
  const [tall, wide] = [height, width].map((length) => Math.max(1, rint(share * length)));
  const small = share === 1 ? content : sized(content, [tall, wide], LANCZOS, GAP);
  const made = raster(height, width, 4);
  if (ground) for (let i = 0; i < made.data.length; i += 4) made.data.set([...ground, 1], i);
  const at = (length: number, own: number, gap: number): number => Math.floor((length - own - (aside ? rint(share * gap) : 0)) / 2);
  const [top, left] = [at(height, tall, down), at(width, wide, across)];
  const [first, last] = [Math.max(-left, 0), Math.min(wide, width - left)];
  for (let y = Math.max(-top, 0); y < Math.min(tall, height - top); y++) made.data.set(small.data.subarray(4 * (y * wide + first), 4 * (y * wide + last)), 4 * ((y + top) * width + left + first));
  return made;
}
