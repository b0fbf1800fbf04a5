/** Owns what is said of a collection without elements: servers keep none, and none is taken. Source: Redis rdb.c RDB_LOAD_ERR_EMPTY_KEY. */
import { BytesError } from '../../core/bytes.ts';

/** What is there is whole, but empty. Redis passes over such a key in a file, and refuses it in a payload of RESTORE. */
export class EmptyCollectionError extends BytesError {
  override readonly name = 'EmptyCollectionError';
}
