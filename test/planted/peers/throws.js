/* Not a peer: it throws while it is imported. */
throw new Error('no peace');
