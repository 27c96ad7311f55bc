export * from './lib/axios';
