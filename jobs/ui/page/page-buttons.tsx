interface PageButtonsProps {
  /** The index of the page, from 0. */
  readonly page: number;
  readonly last: number;
  readonly turnTo: (page: number) => void;
}

/**
 * Turns the pages of a table. On the first and the last page, the unusable button stays focusable.
 * Otherwise, the user would lose the keyboard focus there.
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
