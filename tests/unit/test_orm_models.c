/* SPDX-License-Identifier: MIT */
/* Describing models: names, tables, reverse sides, join tables, inheritance, mistakes; and
 * types of columns. */
#include "orm_world.h"
#include "test.h"

static struct orm *orm;

static int setup(void **state)
{
    (void)state;
    orm = world_new();
    return orm ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    orm_free(orm);
    return 0;
}

static const struct model *model(const char *name)
{
    struct err err = {0};
    const struct model *m = orm_model(orm, STR("shop"), str_from(name), &err);
    if (!m)
        fail_msg("%s", err.msg);
    return m;
}

static void names_are_djangos(void **state)
{
    (void)state;
    const struct model *p = model("Product");
    assert_str(p->table, "shop_product");
    assert_str(model_field(p, STR("category"), NULL)->column, "category_id");
    assert_ptr_equal(model_field(p, STR("category_id"), NULL),
                     model_field(p, STR("category"), NULL));
    assert_ptr_equal(model_field(p, STR("pk"), NULL), p->pk);
    const struct field *tags = model_field(p, STR("tags"), NULL);
    assert_str(tags->rel->through->table, "shop_product_tags");
    assert_str(tags->rel->source_fk->column, "product_id");
    assert_str(tags->rel->target_fk->column, "tag_id");
    const struct field *friends = model_field(model("Person"), STR("friends"), NULL);
    assert_true(friends->rel->symmetrical);
    assert_str(friends->rel->source_fk->column, "from_person_id");
    assert_str(friends->rel->target_fk->column, "to_person_id");
}

static void relations_have_two_ends(void **state)
{
    (void)state;
    const struct member *items = model_member(model("Product"), STR("items"));
    assert_true(items->kind == MEMBER_REVERSE && items->field->model == model("OrderItem"));
    const struct member *waiter = model_member(model("Restaurant"), STR("waiter"));
    assert_str(waiter->rel->accessor, "waiter_set");
    assert_non_null(model_member(model("Tag"), STR("products")));
    assert_non_null(model_member(model("Brand"), STR("product")));
    assert_null(model_member(model("Product"), STR("products")));
}

static void heirs_have_the_fields_of_their_parents(void **state)
{
    (void)state;
    const struct model *r = model("Restaurant");
    assert_int_equal(r->n_fields, 4);
    assert_int_equal(r->n_local, 2);
    assert_str(r->pk->column, "place_ptr_id");
    assert_ptr_equal(model_field(r, STR("name"), NULL)->model, model("Place"));
    assert_true(model_is_a(r, model("Place")) && !model_is_a(model("Place"), r));
    assert_ptr_equal(model_link(r, model("Place")), r->pk);
    /* a relation to an heir points at the parent's key in the end */
    const struct field *fk = model_field(model("Waiter"), STR("restaurant"), NULL);
    assert_ptr_equal(fk->storage, model("Place")->pk);
}

static void columns_have_djangos_types(void **state)
{
    (void)state;
    static const char *const want[][3] = {
        {"id", "integer", ""},
        {"name", "varchar(200)", ""},
        {"category", "bigint", ""},
        {"price", "decimal", ""},
        {"weight", "real", ""},
        {"active", "bool", ""},
        {"data", "text", "(JSON_VALID(\"data\") OR \"data\" IS NULL)"},
        {"created", "datetime", ""},
        {"lead", "bigint", ""},
        {"code", "char(32)", ""},
    };
    struct buf b = BUF_INIT;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const struct field *f = model_field(model("Product"), str_from(want[i][0]), NULL);
        buf_reset(&b);
        assert_true(dialect_column_type(&dialect_sqlite, f, &b));
        assert_string_equal(b.data, want[i][1]);
        buf_reset(&b);
        dialect_column_check(&dialect_sqlite, f, &b);
        assert_string_equal(b.data, want[i][2]);
    }
    assert_false(
        dialect_column_type(&dialect_sqlite, model_field(model("Product"), STR("tags"), NULL), &b));
    buf_release(&b);
}

/* ---- mistakes ---- */

struct mistake {
    struct field_def field;
    const char *message;
};

static void mistakes_are_named(void **state)
{
    (void)state;
    const struct mistake mistakes[] = {
        {{.name = STR("x"), .type = STR("CharFeld")},
         "a.M.x: there is no field class 'CharFeld'; did you mean 'CharField'?"},
        {{.name = STR("a__b"), .type = STR("CharField")},
         "a.M: a field cannot be called 'a__b': names are not 'pk', do not end with '_' and have "
         "no '__'"},
        {{.name = STR("pk"), .type = STR("CharField")},
         "a.M: a field cannot be called 'pk': names are not 'pk', do not end with '_' and have no "
         "'__'"},
        {{.name = STR("id"), .type = STR("CharField")}, "a.M has two fields 'id'"},
        {{.name = STR("x"), .type = STR("ForeignKey"), .to = STR("Other")},
         "a.M.x: there is no model 'Other'"},
        {{.name = STR("x"), .type = STR("ForeignKey"), .to = STR("self"), .to_field = STR("nope")},
         "a.M.x: 'a.M' has no field nope to point at"},
        {{.name = STR("x"),
          .type = STR("ForeignKey"),
          .to = STR("self"),
          .related_name = STR("id")},
         "a.M.x: the reverse name 'id' clashes with 'a.M.id'; give a related_name"},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct orm *o = orm_new(NULL);
        struct err err = {0};
        struct model_def def = {.app_label = STR("a"), .name = STR("M")};
        struct model *m = orm_add_model(o, &def, &err);
        struct field_def id = {.name = STR("id"), .type = STR("BigAutoField"), .primary_key = true};
        assert_non_null(model_add_field(m, &id, &err));
        if (model_add_field(m, &mistakes[i].field, &err))
            assert_int_equal(orm_resolve(o, &err), -1);
        assert_string_equal(err.msg, mistakes[i].message);
        orm_free(o);
    }
}

static void models_need_keys_and_names_of_their_own(void **state)
{
    (void)state;
    struct orm *o = orm_new(NULL);
    struct err err = {0};
    struct model_def def = {.app_label = STR("a"), .name = STR("M")};
    assert_non_null(orm_add_model(o, &def, &err));
    assert_null(orm_add_model(o, &def, &err));
    assert_int_equal(err.code, ERR_EXISTS);
    assert_int_equal(orm_resolve(o, &err), -1);
    assert_string_equal(err.msg, "a.M has no primary key");
    orm_free(o);
}

/* ---- more than plain models ---- */

static void proxies_share_their_models_table(void **state)
{
    (void)state;
    struct orm *o = orm_new(NULL);
    struct err err = {0};
    struct model_def def = {.app_label = STR("a"), .name = STR("M")};
    struct model *m = orm_add_model(o, &def, &err);
    struct field_def id = {.name = STR("id"), .type = STR("AutoField"), .primary_key = true};
    model_add_field(m, &id, &err);
    struct field_def fk = {.name = STR("other"), .type = STR("ForeignKey"), .to = STR("P")};
    model_add_field(m, &fk, &err);
    struct model_def proxy = {.app_label = STR("a"), .name = STR("P"), .proxy_for = "M"};
    struct model *p = orm_add_model(o, &proxy, &err);
    if (orm_resolve(o, &err) < 0)
        fail_msg("%s", err.msg);
    assert_true(p->proxy && p->concrete == m && p->n_fields == 2 && p->n_local == 0);
    assert_str(p->table, "a_m");
    assert_ptr_equal(m->fields[1]->rel->to, p);
    struct buf b = BUF_INIT;
    dialect_column_type(&dialect_sqlite, m->fields[1], &b);
    assert_string_equal(b.data, "integer");
    buf_release(&b);
    orm_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_djangos),
        cmocka_unit_test(relations_have_two_ends),
        cmocka_unit_test(heirs_have_the_fields_of_their_parents),
        cmocka_unit_test(columns_have_djangos_types),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(models_need_keys_and_names_of_their_own),
        cmocka_unit_test(proxies_share_their_models_table),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
