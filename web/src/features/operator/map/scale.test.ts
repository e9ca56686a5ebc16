import { geoMercator } from 'd3-geo';
import { describe, expect, it } from 'vitest';
import { scaleBar } from './scale';

describe('the scale bar', () => {
  const projection = geoMercator().center([104, 30]).scale(1_000_000).translate([500, 300]);

  it('is a round length that fits, and shrinks its metres as the map grows', () => {
    for (const zoom of [0.5, 1, 3, 20, 1000]) {
      const scale = scaleBar(projection, 1000, 600, zoom);
      expect(scale).not.toBeNull();
      expect(['1', '2', '5']).toContain(String(scale!.metres).replace(/0+$|^0\.0*/g, ''));
      expect(scale!.px).toBeLessThanOrEqual(140);
      expect(scale!.px).toBeGreaterThan(140 / 2.6);
    }
    // At 30 degrees north a pixel of this map is about 5.5 m.
    const scale = scaleBar(projection, 1000, 600, 1)!;
    expect(scale.metres / scale.px).toBeGreaterThan(5.2);
    expect(scale.metres / scale.px).toBeLessThan(5.8);
  });
});
