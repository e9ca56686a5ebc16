// Saves drafts one after the other. What somebody else saved in between is not overwritten unseen: the zones are read
// first, and where one moved on the saving stops and says which.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, body } from '@/api/client';
import { zonesQuery, type Zone } from '../data';
import { draftFaults, zoneIn, type Draft } from '../zones/drafts';

interface Order {
  changed: readonly Draft[];
  removed: readonly Zone[];
  base: readonly Zone[];
  drafts: readonly Draft[];
}

interface Told {
  onSaved: (key: string, zone: Zone) => void;
  onRemoved: (id: string) => void;
  onDone: (zones: Zone[]) => void;
}

export function useSaving(view: string, { onSaved, onRemoved, onDone }: Told) {
  const { t } = useTranslation('operator');
  const client = useQueryClient();
  const saving = useMutation({
    mutationFn: async ({ changed, removed, base }: Order) => {
      const faulty = changed.find((draft) => draftFaults(draft).length > 0);
      if (faulty) throw new Error(t('draw.faulty', { name: short(faulty.name) }));
      const present = await client.fetchQuery({ ...zonesQuery(view), staleTime: 0 });
      const touched = [...changed.map(({ id }) => id), ...removed.map(({ id }) => id)];
      const moved = base.find(
        ({ id, version }) => touched.includes(id) && present.find((zone) => zone.id === id)?.version !== version,
      );
      if (moved) throw new Error(t('draw.moved_on', { name: short(moved.name) }));
      for (const draft of changed) {
        const zone = zoneIn(draft, view);
        const saved = draft.id
          ? await body(api.PUT('/api/v1/zones/{id}', { params: { path: { id: draft.id } }, body: zone }))
          : await body(api.POST('/api/v1/zones', { body: zone }));
        onSaved(draft.key, saved);
      }
      for (const { id } of removed) {
        await api.DELETE('/api/v1/zones/{id}', { params: { path: { id } } });
        onRemoved(id);
      }
      return client.fetchQuery({ ...zonesQuery(view), staleTime: 0 });
    },
    onSuccess: onDone,
    onSettled: () => client.invalidateQueries({ queryKey: ['zones'] }),
  });
  return { save: (order: Order) => saving.mutate(order), isPending: saving.isPending, error: saving.error };
}

function short(name: string): string {
  return [...name].slice(0, 60).join('');
}
