import { mount } from 'svelte';
import App from './App.svelte';
import { Http } from '$lib/api/http.ts';
import { i18n } from '$lib/i18n/i18n.svelte.ts';
import { makeServices } from '$lib/services.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';

const target = document.getElementById('app');
if (!target) throw new Error('expected an element with the id app, found none');

i18n.start();
const services = makeServices(new Http());
mount(App, { target, props: { services } });
void services.session.start();
