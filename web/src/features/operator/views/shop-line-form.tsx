import { Paper, SegmentedControl, Slider, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { ShopLine } from '../zones/shop-line';

type Strip = Omit<ShopLine, 'line'>;

/** Side and depth of the strip that a shop line makes. Depths are shares of the picture's height. */
export function ShopLineForm({ strip, onStrip }: { strip: Strip; onStrip: (strip: Strip) => void }) {
  const { t } = useTranslation('operator');
  return (
    <Paper withBorder p="sm" mb="sm">
      <Stack gap="sm">
        <SegmentedControl
          size="xs"
          aria-label={t('shop_line.side')}
          value={strip.side}
          data={[
            { value: 'left', label: t('shop_line.left') },
            { value: 'right', label: t('shop_line.right') },
          ]}
          onChange={(side) => onStrip({ ...strip, side })}
        />
        {(['depthAtStart', 'depthAtEnd'] as const).map((end) => (
          <div key={end}>
            <Text size="xs" fw={500}>
              {t(`shop_line.${end}`, { percent: Math.round(strip[end] * 100) })}
            </Text>
            <Slider
              size="sm"
              thumbLabel={t(`shop_line.${end}`, { percent: Math.round(strip[end] * 100) })}
              min={0.01}
              max={0.6}
              step={0.01}
              label={null}
              value={strip[end]}
              onChange={(depth) => onStrip({ ...strip, [end]: depth })}
            />
          </div>
        ))}
      </Stack>
    </Paper>
  );
}
