"""The customers of the shipped declaration, by the names that tests speak of them with."""

from churn.schema import built_in

TELCO = built_in("telco")

ID, LABEL = TELCO.id, TELCO.outcome
FIELDS, CATEGORIES, IMPLIED, REQUIRED, GROUPS = (
    TELCO.fields,
    TELCO.categories,
    TELCO.implied,
    TELCO.required,
    TELCO.groups,
)
SETTLED, Customer = TELCO.settled, TELCO.customer_type
ADD_ONS = tuple(name for name, rule in IMPLIED.items() if rule.field == "InternetService")
NOT_STATED = {TELCO.product[0]: TELCO.product[1].words} if TELCO.product else {}

value_of, words_for, table_of = TELCO.value_of, TELCO.words_for, TELCO.table_of
read, read_guarded = TELCO.reader.read, TELCO.reader.read_guarded
glance, glance_all = TELCO.reader.glance, TELCO.reader.glance_all

FEATURES, COLUMNS = TELCO.features.features, TELCO.features.names
features, matrix = TELCO.features.of, TELCO.features.matrix

KNOWN, field_of, likely = TELCO.column_names.known, TELCO.column_names.field_of, TELCO.column_names.likely
