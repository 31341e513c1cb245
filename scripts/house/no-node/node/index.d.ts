/** In place of Node's types where Node is not: a package that asks for them must not bring `process` and `Buffer` along. */
export {};
