/** Below this a picture shows nothing any more; then the group scrolls. */
const WIDTH_PX_MIN = 110;

/** The fewest columns in which `count` tiles of 16:9 with a caption stand in the box without scrolling. */
export function fitColumns(
  count: number,
  box: { width: number; height: number },
  gapPx: number,
  captionPx: number,
): number {
  const most = Math.max(2, Math.floor((box.width + gapPx) / (WIDTH_PX_MIN + gapPx)));
  for (let columns = 2; columns < most; columns++) {
    const width = (box.width - gapPx * (columns - 1)) / columns;
    const rows = Math.ceil(count / columns);
    if (rows * ((width * 9) / 16 + captionPx) + (rows - 1) * gapPx <= box.height) return columns;
  }
  return most;
}
