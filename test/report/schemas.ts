/*
 * The published schemas, as functions that say what is wrong with a report.
 */

import { readFileSync } from 'node:fs';
import { Validator, type Schema } from '@cfworker/json-schema';
import { XmlAttribute, XmlDocument, XmlElement, XsdValidator } from 'libxml2-wasm';

function read(name: string): string {
  return readFileSync(new URL(`schemas/${name}`, import.meta.url), 'utf8');
}

const junit = XsdValidator.fromDoc(XmlDocument.fromString(read('jenkins-junit.xsd')));
const sarif = new Validator(JSON.parse(read('sarif-2.1.0-rtm.5.json')) as Schema, '4', false);

/** Undefined where it is valid. */
export function faultOfJunit(text: string): string | undefined {
  try {
    using document = XmlDocument.fromString(text);
    junit.validate(document);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Undefined where it is valid. */
export function faultOfSarif(text: string): string | undefined {
  const { valid, errors } = sarif.validate(JSON.parse(text));
  return valid ? undefined : JSON.stringify(errors);
}

/** The texts of all elements and attributes that a path finds. */
export function textsIn(text: string, path: string): string[] {
  using document = XmlDocument.fromString(text);
  return document
    .find(path)
    .filter((node) => node instanceof XmlElement || node instanceof XmlAttribute)
    .map(({ content }) => content);
}
