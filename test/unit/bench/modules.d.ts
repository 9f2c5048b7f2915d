// The bench is plain JavaScript; its tests take its modules untyped.
declare module '*.mjs';
