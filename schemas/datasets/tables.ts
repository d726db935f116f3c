/** Every dataset that comes from a table: a new one is its folder and its line here. */
export { supportTickets } from './support-tickets/index.ts';
