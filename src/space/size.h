/* What other files need to know of the size space. */
#ifndef NB_SPACE_SIZE_H
#define NB_SPACE_SIZE_H

/* The one cell that all its networks are built of, as an architecture string of the topology space. */
extern const char nb_size_cell[];

#endif
