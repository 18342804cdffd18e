import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { devApi } from './dev/dev_api.ts';

// `npm run dev` talks to a running stack when SOTTO_EDGE names its address (what `sotto status` shows as web_url),
// and to the in-memory service of dev/ otherwise.
const edge = process.env['SOTTO_EDGE'];

export default defineConfig({
  plugins: [svelte(), ...(edge ? [] : [devApi()])],
  resolve: {
    alias: { $lib: new URL('./src/lib', import.meta.url).pathname },
    // Component tests mount components, so they need Svelte's browser build.
    ...(process.env['VITEST'] ? { conditions: ['browser'] } : {}),
  },
  server: edge ? { proxy: { '/v1': edge } } : {},
  build: {
    target: ['chrome120', 'edge120', 'firefox124', 'safari17.4'],
    // The content security policy allows no data: URLs and no inline code.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    rolldownOptions: { input: ['index.html', 'api.html'] },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts', 'dev/**/*.test.ts'],
    restoreMocks: true,
  },
});
