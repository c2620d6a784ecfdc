/* A user of the installed library. */
#include <nasbench/nasbench.h>

#include <stdio.h>

int main(void)
{
    printf("nasbench %s: %s\n", nb_version(), nb_status_name(NB_ERR_TRUNCATED));
    return 0;
}
