import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import './app/desk.css';
import './i18n';
import { setNonce } from 'get-nonce';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/app';
import { styleNonce } from './app/theme';

// Dialogues hide the page's scroll bar through a style element of their own.
const nonce = styleNonce();
if (nonce) setNonce(nonce);

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
