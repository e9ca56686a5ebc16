// One view: zones, shop lines and masks are drawn on its reference picture, and what they would change about the last
// looks is told while they are drawn. Nothing is in force until it is saved.
import { Stack, Tabs, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo, useReducer, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useBeforeUnload, useBlocker, useParams } from 'react-router';
import { mattersQuery, useMatterName, useMatters } from '@/components/matters';
import { announce } from '@/components/announce';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import {
  referenceUrl,
  signsQuery,
  useFresh,
  viewQuery,
  zonesQuery,
  type Matter,
  type ViewCoverage,
  type Zone,
} from '../data';
import { ExemplarList } from '../exemplars/exemplar-list';
import { MarkForm } from '../exemplars/mark-form';
import { boxesOf, useWhatIf, WhatIfList } from '../whatif/what-if';
import { draw, isChanged, NOTHING_DRAWN, type Draft, type ZoneKind } from '../zones/drafts';
import { outlineFault, type Outline } from '../zones/polygon';
import { shopLineOutline, type ShopLine } from '../zones/shop-line';
import { ZoneCanvas, type Mode } from '../zones/zone-canvas';
import { DrawBar } from './draw-bar';
import { LeaveDialogue } from './leave-dialogue';
import { LookList } from './look-list';
import { NoReference } from './no-reference';
import { ShopLineForm } from './shop-line-form';
import { boxesOfSigns, SignList } from './sign-list';
import { useSaving } from './saving';
import { ViewForm } from './view-form';
import { ViewHead } from './view-head';
import { ZoneForm, useFaultWords } from './zone-form';
import { ZoneList } from './zone-list';
import { PageTitle } from '../page-title';
import classes from './view-page.module.css';

export function ViewPage() {
  const { view: id = '' } = useParams();
  const view = useQuery(viewQuery(id));
  const zones = useQuery(zonesQuery(id));
  const asked = useQuery(mattersQuery);
  const matters = useMatters();
  useFresh(
    ['look.finished', 'view.', 'zone.', 'stream.'],
    [
      ['views', id],
      ['zones', id],
      ['views', id, 'looks'],
      ['views', id, 'signs'],
    ],
    5_000,
  );

  const error = view.error ?? zones.error ?? asked.error;
  if (error && !(view.data && zones.data && asked.data)) return <ProblemText error={error} />;
  if (!view.data || !zones.data || !asked.data) return <Waiting />;
  // Another view is another drawing: nothing of this one stays behind.
  return <Desk key={id} row={view.data} zones={zones.data} matters={matters} />;
}

/** `example`: a box that says how something looks; it makes no zone. */
type Making = 'zone' | 'mask' | 'shop_line' | 'example';

const MODES: Record<Making, Mode> = { zone: 'outline', mask: 'outline', shop_line: 'line', example: 'box' };

function Desk({ row, zones, matters }: { row: ViewCoverage; zones: Zone[]; matters: Matter[] }) {
  const matterName = useMatterName();
  const { t } = useTranslation('operator');
  const client = useQueryClient();
  const { view } = row;
  const [drawing, act] = useReducer(draw, zones, (zones) => draw(NOTHING_DRAWN, { type: 'load', zones }));
  /** The zones that the drafts began from. */
  const [base, setBase] = useState(zones);
  const [making, setMaking] = useState<Making | null>(null);
  const [started, setStarted] = useState<Outline>([]);
  const [strip, setStrip] = useState<Omit<ShopLine, 'line'>>({ side: 'right', depthAtStart: 0.12, depthAtEnd: 0.12 });
  const [tab, setTab] = useState<string | null>('zones');
  const [pointed, setPointed] = useState<string | null>(null);
  const [draftMatters, setDraftMatters] = useState<string[] | null>(null);
  const words = useFaultWords();
  const { drafts, selected } = drawing;
  const selectedDraft = drafts.find(({ key }) => key === selected);

  const changed = drafts.filter((draft) => isChanged(draft, base));
  const removed = base.filter(({ id }) => !drafts.some((draft) => draft.id === id));
  const isDirty = changed.length > 0 || removed.length > 0;
  const isStale = useMemo(() => differs(zones, base), [zones, base]);
  const asked = useWhatIf(view.id, drafts, draftMatters, view.reference != null);
  const signs = useQuery({ ...signsQuery(view.id), enabled: tab === 'signs' });
  const saving = useSaving(view.id, {
    onSaved: (key, zone) => {
      act({ type: 'saved', key, zone });
      setBase((base) => [...base.filter(({ id }) => id !== zone.id), zone]);
    },
    onRemoved: (id) => setBase((base) => base.filter((zone) => zone.id !== id)),
    onDone: (zones) => {
      client.setQueryData(zonesQuery(view.id).queryKey, zones);
      setBase(zones);
      announce(t('draw.saved'));
    },
  });
  // Nothing of ours would be lost: take what others saved.
  if (isStale && !isDirty && making === null && !saving.isPending) {
    setBase(zones);
    act({ type: 'load', zones });
  }
  const blocker = useBlocker(isDirty);
  useBeforeUnload(useCallback((event) => isDirty && event.preventDefault(), [isDirty]));

  const reset = () => {
    setBase(zones);
    act({ type: 'load', zones });
    setMaking(null);
  };
  const begin = (what: Making) => {
    setMaking(what);
    setStarted([]);
    setTab(what === 'example' ? 'examples' : 'zones');
    act({ type: 'select', key: null });
  };
  const aspect = view.reference ? view.reference.width / view.reference.height : 16 / 9;
  const outline = making === 'shop_line' ? shopLineOutline({ line: started, ...strip }, aspect) : started;
  const finish = () => {
    // A box is whole with its second corner; the form asks what it is.
    if (making === null || making === 'example') return;
    const fault = making === 'shop_line' && started.length < 2 ? null : outlineFault(outline);
    if (fault || started.length < 2) {
      announce(fault ? words({ field: 'outline', kind: fault.kind, fault }) : t('draw.too_short'));
      return;
    }
    act({ type: 'add', draft: freshDraft(making, outline, view.matters, matters, drafts, t) });
    setMaking(null);
    announce(t('draw.added'));
  };
  const putting: Mode = making === null ? 'zones' : MODES[making];
  const preview = making === 'shop_line' && started.length >= 2 ? [previewDraft(outline)] : [];
  const url = referenceUrl(view);
  const ofPicture = () =>
    tab === 'signs'
      ? boxesOfSigns(signs.data ?? [], view.reference?.version, pointed)
      : boxesOf(asked.lines, pointed, matterName);
  const boxes = making === null ? ofPicture() : [];
  const startedFault =
    making !== null && MODES[making] === 'outline' && started.length > 2 ? outlineFault(outline) : null;
  const shownFault = making === null ? selectedDraft && outlineFault(selectedDraft.outline) : startedFault;

  return (
    <div className={classes.page}>
      <PageTitle>{`${row.stream_name.slice(0, 200)} · ${row.view.name.slice(0, 200)}`}</PageTitle>
      <section className={classes.left} aria-label={t('view.picture')}>
        <ViewHead row={row} />
        <DrawBar
          making={making === 'example' ? null : making}
          onBegin={begin}
          onFinish={finish}
          onCancel={() => setMaking(null)}
          canFinish={started.length >= (making === 'shop_line' ? 2 : 3) && startedFault === null}
          fault={shownFault ? words({ field: 'outline', kind: shownFault.kind, fault: shownFault }) : null}
          canUndo={drawing.past.length > 0}
          canRedo={drawing.future.length > 0}
          onUndo={() => act({ type: 'undo' })}
          onRedo={() => act({ type: 'redo' })}
          changes={changed.length + removed.length}
          isStale={isStale}
          onReset={reset}
          onSave={() => saving.save({ changed, removed, base, drafts })}
          isSaving={saving.isPending}
          disabled={!url || making === 'example'}
        />
        {saving.error && <ProblemText error={saving.error} />}
        {url && view.reference ? (
          <ZoneCanvas
            url={url}
            width={view.reference.width}
            height={view.reference.height}
            drafts={[...drafts, ...preview]}
            selected={selected}
            mode={putting}
            boxes={boxes}
            started={started}
            onStarted={setStarted}
            onFinish={finish}
            onCancel={() => setMaking(null)}
            onSelect={(key) => {
              act({ type: 'select', key });
              if (key) setTab('zones');
            }}
            onOutline={(key, outline, continues) => act({ type: 'change', key, patch: { outline }, continues })}
          />
        ) : (
          <NoReference view={view.id} />
        )}
      </section>
      <aside className={classes.right} aria-label={t('view.side')}>
        <Tabs value={tab} onChange={setTab} className={classes.tabs} keepMounted={false}>
          <Tabs.List>
            <Tabs.Tab value="zones">{t('view.tab.zones', { count: drafts.length })}</Tabs.Tab>
            <Tabs.Tab value="what_if">{t('view.tab.what_if', { count: asked.lines.length })}</Tabs.Tab>
            <Tabs.Tab value="examples">{t('view.tab.examples')}</Tabs.Tab>
            <Tabs.Tab value="signs">{t('view.tab.signs')}</Tabs.Tab>
            <Tabs.Tab value="view">{t('view.tab.view')}</Tabs.Tab>
            <Tabs.Tab value="looks">{t('view.tab.looks')}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="zones" className={classes.panel}>
            {making === 'shop_line' && <ShopLineForm strip={strip} onStrip={setStrip} />}
            {making === null && (
              <>
                <ZoneList
                  drafts={drafts}
                  base={base}
                  selected={selected}
                  matters={matters}
                  onSelect={(key) => act({ type: 'select', key })}
                />
                {selectedDraft && (
                  <ZoneForm
                    key={selectedDraft.key}
                    draft={selectedDraft}
                    matters={matters}
                    onPatch={(patch) => act({ type: 'change', key: selectedDraft.key, patch })}
                    onRemove={() => act({ type: 'remove', key: selectedDraft.key })}
                  />
                )}
              </>
            )}
            {making !== null && making !== 'example' && (
              <Text size="sm" c="dimmed">
                {t(`draw.how.${making}`)}
              </Text>
            )}
          </Tabs.Panel>
          <Tabs.Panel value="what_if" className={classes.panel}>
            <WhatIfList asked={asked} shown={pointed} onShow={setPointed} />
          </Tabs.Panel>
          <Tabs.Panel value="examples" className={classes.panel}>
            <Stack gap="sm">
              <MarkForm
                view={view}
                matters={matters}
                isDrawing={making === 'example'}
                corners={started}
                onDraw={() => begin('example')}
                onDone={() => setMaking(null)}
              />
              <ExemplarList which={{ view: view.id }} withPlace={false} />
            </Stack>
          </Tabs.Panel>
          <Tabs.Panel value="signs" className={classes.panel}>
            <SignList view={view} shown={pointed} onShow={setPointed} />
          </Tabs.Panel>
          <Tabs.Panel value="view" className={classes.panel}>
            <ViewForm view={view} matters={matters} onTry={setDraftMatters} />
          </Tabs.Panel>
          <Tabs.Panel value="looks" className={classes.panel}>
            <LookList view={view.id} />
          </Tabs.Panel>
        </Tabs>
      </aside>
      <LeaveDialogue blocker={blocker} />
    </div>
  );
}

function differs(a: readonly Zone[], b: readonly Zone[]): boolean {
  const versions = (zones: readonly Zone[]) =>
    zones
      .map(({ id, version }) => `${id} ${version}`)
      .sort()
      .join();
  return versions(a) !== versions(b);
}

function previewDraft(outline: Outline): Draft {
  return {
    key: 'preview',
    id: null,
    version: null,
    name: '',
    kind: 'strict',
    matters: [],
    outline,
    hours: null,
    validFrom: null,
    validUntil: null,
  };
}

function freshDraft(
  making: Exclude<Making, 'example'>,
  outline: Outline,
  ofView: readonly string[],
  matters: readonly Matter[],
  drafts: readonly Draft[],
  t: (key: string, options?: Record<string, unknown>) => string,
): Draft {
  const kind: ZoneKind = making === 'mask' ? 'exempt' : 'strict';
  const all = matters.map(({ key }) => key);
  const name = freeName(t(`draw.name.${making}`), drafts);
  return {
    ...previewDraft(outline),
    key: crypto.randomUUID(),
    name,
    kind,
    matters: making === 'mask' ? all : ofView.length > 0 ? ofView : all.slice(0, 1),
  };
}

function freeName(name: string, drafts: readonly Draft[]): string {
  const taken = new Set(drafts.map((draft) => draft.name));
  for (let n = 1; ; n += 1) {
    const candidate = n === 1 ? name : `${name} ${n}`;
    if (!taken.has(candidate)) return candidate;
  }
}
