/* placeholder, replaced shortly */
export async function bench(_q: readonly string[], _o: { quick: boolean; json: boolean; write: (t: string) => void }): Promise<void> {}
