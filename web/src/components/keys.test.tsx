import { render } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { setSingleKeys, useKeys } from './keys';

function Part({ act }: { act: () => void }) {
  useKeys({ c: act, ' ': act });
  return (
    <>
      <input aria-label="note" />
      <button>button</button>
      <div role="dialog">
        <button>inside</button>
      </div>
    </>
  );
}

function drawn() {
  const act = vi.fn();
  const part = render(<Part act={act} />);
  return { act, part };
}

describe('single keys', () => {
  beforeEach(() => setSingleKeys(true));

  it('act on the page, with capitals locked too', async () => {
    const { act } = drawn();
    await userEvent.keyboard('c');
    await userEvent.keyboard('C');
    expect(act).toHaveBeenCalledTimes(2);
  });

  it('never act while somebody types or in a dialogue', async () => {
    const { act, part } = drawn();
    await userEvent.type(part.getByLabelText('note'), 'ccc');
    part.getByText('inside').focus();
    await userEvent.keyboard('c');
    expect(act).not.toHaveBeenCalled();
  });

  it('act once however long a key is held', () => {
    const { act } = drawn();
    for (const repeat of [false, true, true, true]) {
      window.dispatchEvent(new KeyboardEvent('keydown', { key: 'c', repeat, cancelable: true }));
    }
    expect(act).toHaveBeenCalledTimes(1);
  });

  it('leave shortcuts of the browser and the space of a button alone', async () => {
    const { act, part } = drawn();
    await userEvent.keyboard('{Control>}c{/Control}');
    part.getByText('button').focus();
    await userEvent.keyboard(' ');
    expect(act).not.toHaveBeenCalled();
  });

  it('can be switched off', async () => {
    const { act } = drawn();
    setSingleKeys(false);
    await userEvent.keyboard('c');
    expect(act).not.toHaveBeenCalled();
  });
});
