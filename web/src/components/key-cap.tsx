import classes from './key-cap.module.css';
import { useSingleKeys } from './keys';

/** The key that does the same as the button it stands on. */
export function KeyCap({ children }: { children: string }) {
  const on = useSingleKeys();
  if (!on) return null;
  return (
    <kbd className={classes.cap} aria-hidden>
      {children}
    </kbd>
  );
}
