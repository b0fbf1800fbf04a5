/** Bytes recorded from redis-server 7.0.15: DUMP payloads and files written by SAVE, in base64. */

const alphanumeric = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const allBytes = String.fromCharCode(...Array(256).keys());

/** A string as latin1, and what DUMP gave for it. */
export const dumps: readonly (readonly [name: string, value: string, payload: string])[] = [
  ['empty', '', 'AAAKAF2bXEAPf6La'],
  ['int8', '-128', 'AMCACgCZZjJtLwxb2Q=='],
  ['int8 max', '127', 'AMB/CgANtesxUlTFFA=='],
  ['int16', '-32768', 'AMEAgAoAtUAGR1O7Gs4='],
  ['int16 first', '128', 'AMGAAAoA63qztRDPS2U='],
  ['int32', '2147483647', 'AML///9/CgAsdOWe4C6toQ=='],
  ['int32 min', '-2147483648', 'AMIAAACACgDHT4c+M1WBhw=='],
  ['past int32', '2147483648', 'AAoyMTQ3NDgzNjQ4CgDnsSmjTB127g=='],
  ['int64', '9223372036854775807', 'ABM5MjIzMzcyMDM2ODU0Nzc1ODA3CgA6ZX6UgehfIg=='],
  ['leading zero', '007', 'AAMwMDcKAHJY4ntMabrZ'],
  ['plus', '+7', 'AAIrNwoAkDNfwxEwMQE='],
  ['minus zero', '-0', 'AAItMAoA1UEf2dbQUMw='],
  ['short', 'hello', 'AAVoZWxsbwoAY3LfdmU0IAo='],
  ['20 bytes', 'a'.repeat(20), 'ABRhYWFhYWFhYWFhYWFhYWFhYWFhYQoAg7RrXhsRrPE='],
  ['21 bytes', 'a'.repeat(21), 'AMMGFQFhYeAKAAoA/QyzaAdBP2g='],
  [
    '63 bytes',
    `${alphanumeric}!`,
    [
      'AD8wMTIzNDU2Nzg5YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXpBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWiEKANZQLyR/',
      'lume',
    ].join(''),
  ],
  [
    '64 bytes',
    `${alphanumeric}!?`,
    [
      'AEBAMDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVohPwoAGhvF',
      '6G1o56s=',
    ].join(''),
  ],
  [
    'long compressible',
    'The quick brown fox jumps over the lazy dog. '.repeat(400),
    [
      'AMNBBIAAAEZQH1RoZSBxdWljayBicm93biBmb3gganVtcHMgb3ZlciB0IB4KbGF6eSBkb2cuIFQgDeD/LOH/DeL/G+P/KeT/',
      'N+X/Reb/U+f/Yej/Qun/UOr/Xuv/bOz/eu3/iO7/lu//d+//d+//d+//d+//d+//d+//d+//dy1p6P9C6P9C6P9C6P9C6P9C',
      '6P9C6P9C6P9C6P9C9/+69/+69/+69/+69/+69/+67/937/937/937/937/937/937/937/93LWno/0Lo/0Lo/0Lo/0Lo/0Lo',
      '/0Lo/0Lo/0Lo/0L3/7r3/7r3/7r3/7r3/7r3/7rv/3fv/3fv/3fv/3fv/3fv/3fv9ncBLiAKAAbtG0Dl0zUg',
    ].join(''),
  ],
  [
    'x repeated',
    'x'.repeat(100_000),
    [
      'AMNEd4AAAYagAXh44P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A',
      '4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A',
      '4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A',
      '4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A',
      '4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A',
      '4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A',
      '4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A',
      '4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A',
      '4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A',
      '4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A',
      '4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A',
      '4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A',
      '4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A',
      '4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A',
      '4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A',
      '4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4P8A4MMAAXh4',
      'CgDN4uXNY4Eqiw==',
    ].join(''),
  ],
  [
    'binary',
    allBytes,
    [
      'AEEAAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQkNE',
      'RUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn+AgYKDhIWGh4iJiouM',
      'jY6PkJGSk5SVlpeYmZqbnJ2en6ChoqOkpaanqKmqq6ytrq+wsbKztLW2t7i5uru8vb6/wMHCw8TFxsfIycrLzM3Oz9DR0tPU',
      '1dbX2Nna29zd3t/g4eLj5OXm5+jp6uvs7e7v8PHy8/T19vf4+fr7/P3+/woAov4wpA8Uar8=',
    ].join(''),
  ],
  [
    'binary repeated',
    allBytes.repeat(70),
    [
      'AMNB5IAAAEYAHwABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8',
      'PT4/H0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fH2BhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ent8fX5/H4CB',
      'goOEhYaHiImKi4yNjo+QkZKTlJWWl5iZmpucnZ6fH6ChoqOkpaanqKmqq6ytrq+wsbKztLW2t7i5uru8vb6/H8DBwsPExcbH',
      'yMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7fH+Dh4uPk5ebn6Onq6+zt7u/w8fLz9PX29/j5+vv8/f7/AADg///h///i///j///k',
      '///l///m///n///o///p///q///r///s///t///u///v///w///x///y///z///0///1///2///3///4///5///6///7///8',
      '///9///+//////8FAQIDBAUG////////////////////////////////////////////////////////////////////////',
      '////////////////////////////////////////////////////////BQcICQoLDP/////////Y/wH+/woA46tu5mhrPSc=',
    ].join(''),
  ],
];

/**
 * A file with a function library; in database 0 the keys of `fileKeys`; in database 3 one key. "lru" and "lfu" are
 * compressed and carry idle times or frequencies, "plain" has neither compression nor checksum, "hash" has a hash on top,
 * whose type byte was made that of Redis 7.4's hashes with field expiry.
 */
export const files = {
  lru: [
    'UkVESVMwMDEw+glyZWRpcy12ZXIGNy4wLjE1+gpyZWRpcy1iaXRzwED6BWN0aW1lwlIVAGv6CHVzZWQtbWVtwiAvEwD6CGFv',
    'Zi1iYXNlwAD1QEQjIWx1YSBuYW1lPWxpYgpyZWRpcy5yZWdpc3Rlcl9mdW5jdGlvbigiZiIsIGZ1bmN0aW9uKCkgcmV0dXJu',
    'IDEgZW5kKf4A+wYB/HvYwyy7AwAA+AAACGV4cGlyaW5nBWxhdGVy+AAAwAwUa2V5IHRoYXQgaXMgYSBudW1iZXL4AAAFcGxh',
    'aW4FdmFsdWX4AAAGbnVtYmVywTkw+AAABQD/DQqABQECAP/++AAABGxvbmfDJ0FEGmxvcmVtIGlwc3VtIGRvbG9yIHNpdCBh',
    'bWV0ICAM4P8a4RMNAXQg/gP7AQD4AAAFdGhpcmTAA/8rK5mncTXezw==',
  ].join(''),
  lfu: [
    'UkVESVMwMDEw+glyZWRpcy12ZXIGNy4wLjE1+gpyZWRpcy1iaXRzwED6BWN0aW1lwlIVAGv6CHVzZWQtbWVtwnCPEwD6CGFv',
    'Zi1iYXNlwAD1QEQjIWx1YSBuYW1lPWxpYgpyZWRpcy5yZWdpc3Rlcl9mdW5jdGlvbigiZiIsIGZ1bmN0aW9uKCkgcmV0dXJu',
    'IDEgZW5kKf4A+wYB/HvYwyy7AwAA+QAACGV4cGlyaW5nBWxhdGVy+QAAwAwUa2V5IHRoYXQgaXMgYSBudW1iZXL5AAAFcGxh',
    'aW4FdmFsdWX5AAAGbnVtYmVywTkw+QAABQD/DQqABQECAP/++QAABGxvbmfDJ0FEGmxvcmVtIGlwc3VtIGRvbG9yIHNpdCBh',
    'bWV0ICAM4P8a4RMNAXQg/gP7AQD5AAAFdGhpcmTAA//VjqfemWs38A==',
  ].join(''),
  plain: [
    'UkVESVMwMDEw+glyZWRpcy12ZXIGNy4wLjE1+gpyZWRpcy1iaXRzwED6BWN0aW1lwlIVAGv6CHVzZWQtbWVtwniPEwD6CGFv',
    'Zi1iYXNlwAD1QEQjIWx1YSBuYW1lPWxpYgpyZWRpcy5yZWdpc3Rlcl9mdW5jdGlvbigiZiIsIGZ1bmN0aW9uKCkgcmV0dXJu',
    'IDEgZW5kKf4A+wYB/HvYwyy7AwAAAAhleHBpcmluZwVsYXRlcgDADBRrZXkgdGhhdCBpcyBhIG51bWJlcgAFcGxhaW4FdmFs',
    'dWUABm51bWJlcsE5MAAFAP8NCoAFAQIA//4ABGxvbmdBRGxvcmVtIGlwc3VtIGRvbG9yIHNpdCBhbWV0IGxvcmVtIGlwc3Vt',
    'IGRvbG9yIHNpdCBhbWV0IGxvcmVtIGlwc3VtIGRvbG9yIHNpdCBhbWV0IGxvcmVtIGlwc3VtIGRvbG9yIHNpdCBhbWV0IGxv',
    'cmVtIGlwc3VtIGRvbG9yIHNpdCBhbWV0IGxvcmVtIGlwc3VtIGRvbG9yIHNpdCBhbWV0IGxvcmVtIGlwc3VtIGRvbG9yIHNp',
    'dCBhbWV0IGxvcmVtIGlwc3VtIGRvbG9yIHNpdCBhbWV0IGxvcmVtIGlwc3VtIGRvbG9yIHNpdCBhbWV0IGxvcmVtIGlwc3Vt',
    'IGRvbG9yIHNpdCBhbWV0IGxvcmVtIGlwc3VtIGRvbG9yIHNpdCBhbWV0IGxvcmVtIGlwc3VtIGRvbG9yIHNpdCBhbWV0IP4D',
    '+wEAAAV0aGlyZMAD/1OPPSO/NvWt',
  ].join(''),
  hash: [
    'UkVESVMwMDEw+glyZWRpcy12ZXIGNy4wLjE1+gpyZWRpcy1iaXRzwED6BWN0aW1lwlIVAGv6CHVzZWQtbWVtwsCPEwD6CGFv',
    'Zi1iYXNlwAD1QEQjIWx1YSBuYW1lPWxpYgpyZWRpcy5yZWdpc3Rlcl9mdW5jdGlvbigiZiIsIGZ1bmN0aW9uKCkgcmV0dXJu',
    'IDEgZW5kKf4A+wcB/HvYwyy7AwAAAAhleHBpcmluZwVsYXRlcgDADBRrZXkgdGhhdCBpcyBhIG51bWJlcgAFcGxhaW4FdmFs',
    'dWUABm51bWJlcsE5MAAFAP8NCoAFAQIA//4YBmEgaGFzaA0NAAAAAgCBZgKBdgL/AARsb25nQURsb3JlbSBpcHN1bSBkb2xv',
    'ciBzaXQgYW1ldCBsb3JlbSBpcHN1bSBkb2xvciBzaXQgYW1ldCBsb3JlbSBpcHN1bSBkb2xvciBzaXQgYW1ldCBsb3JlbSBp',
    'cHN1bSBkb2xvciBzaXQgYW1ldCBsb3JlbSBpcHN1bSBkb2xvciBzaXQgYW1ldCBsb3JlbSBpcHN1bSBkb2xvciBzaXQgYW1l',
    'dCBsb3JlbSBpcHN1bSBkb2xvciBzaXQgYW1ldCBsb3JlbSBpcHN1bSBkb2xvciBzaXQgYW1ldCBsb3JlbSBpcHN1bSBkb2xv',
    'ciBzaXQgYW1ldCBsb3JlbSBpcHN1bSBkb2xvciBzaXQgYW1ldCBsb3JlbSBpcHN1bSBkb2xvciBzaXQgYW1ldCBsb3JlbSBp',
    'cHN1bSBkb2xvciBzaXQgYW1ldCD+A/sBAAAFdGhpcmTAA/9yCjiJNYgGaw==',
  ].join(''),
} as const;

export const fileKeys: readonly (readonly [db: number, key: string, value: string, expireAtMs: number])[] = [
  [0, 'plain', 'value', -1],
  [0, 'number', '12345', -1],
  [0, '\x00\xff\r\n\x80', '\x01\x02\x00\xff\xfe', -1],
  [0, '12', 'key that is a number', -1],
  [0, 'long', 'lorem ipsum dolor sit amet '.repeat(12), -1],
  [0, 'expiring', 'later', 4_102_444_800_123],
  [3, 'third', '3', -1],
];
