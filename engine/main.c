/* SPDX-License-Identifier: MIT */
/* Gives the command line a script host. */
#include "bindings/bindings.h"
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return cli_main(&lua_script_ops, argc, argv);
}
