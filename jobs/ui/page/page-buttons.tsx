interface PageButtonsProps {
  /** From 0. */
  readonly page: number;
  readonly last: number;
  readonly turnTo: (page: number) => void;
}

/**
 * Turns the pages of a table. A button without a further page stays in the order of the keyboard, so
 * that the focus is not lost when the reader comes to an end.
 */
export function PageButtons({ page, last, turnTo }: PageButtonsProps) {
  const button = (name: string, to: number) => {
    const isEnd = to < 0 || to > last;
    return (
      <button type="button" aria-disabled={isEnd} onClick={() => (isEnd ? undefined : turnTo(to))}>
        {name}
      </button>
    );
  };
  return (
    <nav class="pages" aria-label="Pages of the table">
      {button('Previous', page - 1)}
      <span role="status">
        Page {page + 1} of {last + 1}
      </span>
      {button('Next', page + 1)}
    </nav>
  );
}
