// A drawing with room around it: vector/framing of the core.

import { groundAround, isOpaque, lifted, sized } from "./ground";
import { LANCZOS, raster, rgb, rint, type Raster } from "./raster";
import { boxOf, longest, maskOf } from "./regions";

const GAP = 3;

/** A picture (RGBA) whose longer side has no more px. */
export function atMost(content: Raster, longer: number): Raster {
  const share = Math.min(longer / Math.max(content.height, content.width), 1);
  const own = (side: number): number => Math.max(1, rint(share * side));
  return share === 1 ? content : sized(content, [own(content.height), own(content.width)], LANCZOS, GAP);
}

/** A drawing (RGBA) on a plain or clear ground, no larger than that share of the side; all else as it is. */
export function inset(content: Raster, room: number): Raster {
  const { height, width } = content;
  const whole = isOpaque(content);
  const ground = whole ? groundAround(rgb(content)) : null;
  if (whole && !ground) return content;
  const drawn = ground ? lifted(rgb(content), ground) : content;
  const longer = longest(boxOf(maskOf(drawn, (place) => drawn.data[4 * place + 3] >= 0.5), 0)) / Math.max(height, width);
  if (longer <= room) return content;
  const [tall, wide] = [height, width].map((length) => Math.max(1, rint((length * room) / longer)));
  const small = sized(content, [tall, wide], LANCZOS, GAP);
  const made = raster(height, width, 4);
  if (ground) for (let i = 0; i < made.data.length; i += 4) made.data.set([...ground, 1], i);
  const [top, left] = [Math.floor((height - tall) / 2), Math.floor((width - wide) / 2)];
  for (let y = 0; y < tall; y++) made.data.set(small.data.subarray(4 * y * wide, 4 * (y + 1) * wide), 4 * ((y + top) * width + left));
  return made;
}
