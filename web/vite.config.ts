// How the desk is built and tested. `XUNJIE_SERVER` names the server that `vite` (development only) passes calls on to.
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const server = process.env.XUNJIE_SERVER ?? 'http://127.0.0.1:8686';

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    manifest: true,
    sourcemap: false,
    // The content security policy knows no data: scripts and fonts; every asset is a file.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    // tools/finish.mjs holds what loads first to its budget; what is loaded later may be large.
    chunkSizeWarningLimit: 1_500,
  },
  server: { host: '127.0.0.1', port: 5173, proxy: { '/api': { target: server, changeOrigin: true } } },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/app/test-setup.ts'],
    css: false,
    // A machine that builds beside it is slow, not wrong.
    testTimeout: 30_000,
  },
});
