/** A form made of a JSON Schema by a library, which is loaded when a turn is shown. What it says of errors is what our judge says. */
// Not the package itself, which brings helpers for its own tests.
import Form from "@rjsf/core/lib/components/Form.js";
import type { ErrorSchema, IconButtonProps, RJSFSchema, UiSchema, ValidatorType } from "@rjsf/utils";
import { useMemo } from "preact/hooks";
import type { Json } from "../../../contract/event.ts";
import { checkSchema, type JsonSchema, type Misfit } from "../../../contract/json-schema/check-schema.ts";
import { growErrors, type Output } from "../../data/plan-form.ts";

interface SchemaFormProps {
  schema: Extract<JsonSchema, object>;
  value: Output;
  /** Those that are shown, by their place in the answer. */
  misfits: readonly Misfit[];
  disabled: boolean;
  change(value: Output): void;
  /** A field was left: its place, as a JSON pointer. */
  leave(pointer: string): void;
}

/** The library asks what fits where there are alternatives. What is wrong is judged outside, and by one judge. */
const validator: ValidatorType = {
  validateFormData: () => ({ errors: [], errorSchema: {} }),
  rawValidation: () => ({ errors: [] }),
  isValid: (schema, data) => checkSchema(schema as JsonSchema, (data ?? null) as Json).length === 0,
};

const prefix = "answer";

export default function SchemaForm({ schema, value, misfits, disabled, change, leave }: SchemaFormProps) {
  const look = useMemo(() => describeLook(schema as RJSFSchema), [schema]);
  const errors = useMemo(() => growErrors(misfits) as ErrorSchema, [misfits]);
  return (
    <Form
      tagName="div"
      className="schema-form"
      schema={schema as RJSFSchema}
      uiSchema={look}
      formData={value}
      validator={validator}
      extraErrors={errors}
      showErrorList={false}
      noHtml5Validate
      disabled={disabled}
      idPrefix={prefix}
      idSeparator="/"
      templates={{ ButtonTemplates: buttons }}
      onChange={({ formData }) => change((formData ?? {}) as Output)}
      onBlur={(id) => leave(id.slice(prefix.length))}
    />
  );
}

/** Texts that may be long get room. */
function describeLook(schema: RJSFSchema): UiSchema {
  const look: UiSchema = { "ui:submitButtonOptions": { norender: true } };
  for (const [name, field] of Object.entries(schema.properties ?? {})) if (typeof field === "object") look[name] = describeField(field);
  return look;
}

function describeField(field: RJSFSchema): UiSchema {
  const { items } = field;
  if (field.type === "array" && typeof items === "object" && !Array.isArray(items))
    return { items: (_: unknown, index: number) => ({ ...describeField(items), "ui:title": `${items.title ?? "Item"} ${index + 1}` }) };
  if (field.properties !== undefined) return describeLook(field);
  const isFree = field.type === "string" && [field.enum, field.const, field.format, field.pattern].every((each) => each === undefined);
  return isFree && (field.maxLength ?? Infinity) > 120 ? { "ui:widget": "textarea", "ui:options": { rows: 3 } } : {};
}

type ButtonProps = Pick<IconButtonProps, "onClick" | "disabled" | "id">;

/** The library's own are pictures of a font that we have not. */
function wordButton(word: string) {
  return ({ onClick, disabled, id }: ButtonProps) => (
    <button type="button" id={id} disabled={disabled} onClick={onClick as unknown as () => void}>
      {word}
    </button>
  );
}

const buttons = {
  AddButton: wordButton("Add one"),
  RemoveButton: wordButton("Remove"),
  MoveUpButton: wordButton("Move up"),
  MoveDownButton: wordButton("Move down"),
  CopyButton: wordButton("Copy"),
  ClearButton: wordButton("Clear"),
  SubmitButton: () => null,
} as never;
