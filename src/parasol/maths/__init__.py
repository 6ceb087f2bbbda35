"""Pure mathematics: one equation, one function, one citation. Nothing here sees a model, a file or a device."""
