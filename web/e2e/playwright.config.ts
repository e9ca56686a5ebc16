// Real browser, real service, nothing mocked. One worker: the house is shared, and this machine has few cores.
import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: '.',
  outputDir: '../node_modules/.playwright',
  workers: 1,
  fullyParallel: false,
  retries: 0,
  forbidOnly: true,
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    launchOptions: { executablePath: process.env.XUNJIE_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] },
    viewport: { width: 1366, height: 768 },
    locale: 'zh-CN',
    timezoneId: 'Asia/Shanghai',
    actionTimeout: 15_000,
    trace: 'retain-on-failure',
  },
  projects: [
    {
      name: 'journeys',
      testMatch: ['door.spec.ts', 'bad-input.spec.ts', 'journeys.spec.ts', 'trials.spec.ts', 'screens.spec.ts'],
    },
    { name: 'crowd', testMatch: 'crowd.spec.ts', timeout: 600_000 },
    { name: 'measure', testMatch: 'measure.spec.ts', timeout: 600_000 },
    { name: 'pictures', testMatch: 'pictures.spec.ts', timeout: 600_000 },
  ],
});
