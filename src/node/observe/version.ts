/** Owns the version of Redis whose behaviour the node shows to clients. */
export const redisVersion = '7.0.15';
