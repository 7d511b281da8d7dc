import assert from "node:assert/strict";
import {
  BADSIG,
  CERTIFICATE_TYPES,
  CLASSES,
  className,
  classNumber,
  DSO_TYPES,
  dsoTypeName,
  DSYNC_SCHEMES,
  EDNS_OPTIONS,
  ednsOptionName,
  EXTENDED_ERRORS,
  extendedErrorName,
  opcodeName,
  OPCODES,
  rcodeName,
  rcodeNumber,
  RCODES,
  SVC_PARAMS,
  tsigErrorName,
  TYPE,
  typeName,
  typeNumber,
  TYPES,
} from "./iana.ts";

const TABLES = {
  TYPES,
  CLASSES,
  OPCODES,
  RCODES,
  EDNS_OPTIONS,
  EXTENDED_ERRORS,
  DSO_TYPES,
  SVC_PARAMS,
  CERTIFICATE_TYPES,
  DSYNC_SCHEMES,
};

for (const [name, rows] of Object.entries(TABLES)) {
  Deno.test(`${name} ascends, and has each name once`, () => {
    assert.deepEqual(rows, [...rows].sort((first, second) => first.value - second.value));
    assert.equal(new Set(rows.map((row) => row.value)).size, rows.length);
    assert.equal(new Set(rows.map((row) => row.name)).size, rows.length);
    assert.ok(rows.every((row) => row.reference !== ""));
    assert.ok(rows.every((row) => row.date === undefined || /^\d{4}-\d\d(-\d\d)?$/.test(row.date)));
  });
}

Deno.test("every type is found by its name", () => {
  for (const { value, name } of TYPES) {
    assert.equal(typeName(value), name);
    assert.equal(typeNumber(name.toLowerCase()), value);
    assert.equal(typeNumber(`TYPE${value}`), value);
  }
  for (const [name, value] of Object.entries(TYPE)) assert.equal(typeName(value), name);
});

Deno.test("numbers without a name have a generic one", () => {
  assert.equal(typeName(65280), "TYPE65280");
  assert.equal(typeNumber("type65535"), 65535);
  assert.equal(className(65280), "CLASS65280");
  assert.equal(classNumber("CLASS2"), 2);
  assert.equal(rcodeName(4095), "RCODE4095");
  assert.equal(opcodeName(15), "OPCODE15");
  assert.equal(ednsOptionName(65001), "OPT65001");
  assert.equal(dsoTypeName(63488), "DSO63488");
  assert.equal(extendedErrorName(65535), "");
});

Deno.test("names that are none have no number", () => {
  for (const name of ["", "TYPE", "TYPE65536", "TYPE-1", "TYPE1x", "NOPE", "CLASS1"]) {
    assert.equal(typeNumber(name), undefined, name);
  }
  assert.equal(classNumber("TYPE1"), undefined);
  assert.equal(rcodeNumber("BADNOPE"), undefined);
});

Deno.test("16 is BADVERS in a message and BADSIG in TSIG", () => {
  assert.equal(rcodeName(16), "BADVERS");
  assert.equal(tsigErrorName(16), BADSIG);
  assert.equal(tsigErrorName(18), "BADTIME");
  assert.equal(rcodeNumber("badsig"), 16);
  assert.equal(rcodeNumber("RCODE24"), 24);
});

Deno.test("classes have their names both ways", () => {
  for (const { value, name } of CLASSES) assert.equal(classNumber(className(value)), value, name);
});
