export * from './price.ts';
export * from './price-book.ts';
