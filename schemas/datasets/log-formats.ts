/** Every dataset that comes from log files: a new format is its folder and its line here. */
export { supportLogs } from './support-logs/index.ts';
