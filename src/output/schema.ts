export function eventSchema(): unknown {
  return {};
}
