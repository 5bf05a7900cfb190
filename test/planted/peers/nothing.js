/* Not a peer: it exports nothing that is one. */
export const colour = 'grey';
