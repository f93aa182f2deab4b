// What the API takes and answers, from its OpenAPI document. Not written by hand:
// python -m tests.house.api_types > web/types/api.d.ts

/**
 * What is kept for a partner from now on; `status` is `kept` or `given_back`, and then `places` are anybody's
 * that were kept.
 */
export interface AllocationAnswer {
  message: string;
  created_at: string;
  show: string;
  partner: string;
  status: string;
  share: number;
  borrow: number;
  give_back_at?: string | null;
  category?: string | null;
  places?: number | null;
  request?: string | null;
}

/** How many places are kept, how many more may be borrowed, and when the rest is given back by itself. */
export interface AllocationBody {
  share: number;
  /** beyond the share, while there are */
  borrow?: number;
  /** default: never */
  give_back_at?: string | null;
  /** of which they are kept; default: of the whole show */
  category?: string | null;
}

/**
 * What is kept for a partner, in places, of the show or of one `category`. `left`: of its share, unsold;
 * `borrowed`: what it has beyond its share; `status`: `kept`, or `given_back` once its time is over.
 */
export interface AllocationLine {
  partner: string;
  status: string;
  share: number;
  borrow: number;
  taken: number;
  booked: number;
  left: number;
  borrowed: number;
  give_back_at?: string | null;
  category?: string | null;
}

/** All that is kept of a show, or what an order about it has changed. */
export interface AllocationsAnswer {
  message: string;
  created_at: string;
  show: string;
  data: AllocationLine[];
  request?: string | null;
}

export interface AreaAsk {
  area: string;
  quantity: number;
}

export interface AreaBody {
  label: string;
  category: string;
  capacity: number;
  x?: number;
  y?: number;
  width?: number;
  height?: number;
}

/** `x`, `y`: its upper left corner, where it is drawn at all. */
export interface AreaPlace {
  label: string;
  category: string;
  capacity: number;
  x?: number;
  y?: number;
  width?: number;
  height?: number;
}

/** `price` is that of one place. */
export interface AreaPrice {
  area: string;
  category: string;
  quantity: number;
  price: number;
}

export interface AreaState {
  label: string;
  category: string;
  price: number;
  capacity: number;
  available: number;
}

/** An AsyncAPI document, as its own specification tells. */
export interface AsyncApiDocument {
  asyncapi: string;
}

/** What is left; `seq` is the show's sequence number that it is true for. */
export interface AvailabilityAnswer {
  message: string;
  created_at: string;
  show: string;
  seq: number;
  status: string;
  total_seats: number;
  available_seats: number;
  held_seats: number;
  booked_seats: number;
  blocked_seats: number;
  categories: NamedCounts[];
  sections: NamedCounts[];
  tables: NamedCounts[];
  areas: NamedCounts[];
}

/** The verdicts, in the order of the holds. */
export interface BatchAnswer {
  message: string;
  created_at: string;
  data: BatchItem[];
}

/**
 * Holds as `POST /api/reservations` takes them. `atomic`: all of them are of one show, and held all or not at
 * all; else each has a verdict of its own.
 */
export interface BatchBody {
  holds: HoldBody[];
  atomic?: boolean;
}

/** One hold's verdict: the reservation, or the problem; with `pending` neither is known yet: ask for `request`. */
export interface BatchItem {
  status: string;
  reservation?: ReservationAnswer | null;
  problem?: ProblemAnswer | null;
  request?: string | null;
}

export interface BestAsk {
  quantity: number;
  category?: string | null;
  section?: string | null;
  adjacent?: boolean;
  accessible?: boolean;
}

/** Seats, and whole tables, that are not for sale, and why. */
export interface BlockBody {
  seats?: string[];
  tables?: string[];
  reason?: string;
}

/** Seats that are off sale (`blocked`), or on sale again (`available`). */
export interface BlocksAnswer {
  message: string;
  created_at: string;
  show: string;
  status: string;
  seats: string[];
  reason?: string | null;
  request?: string | null;
}

/** How a table is sold. */
export type Bookable = "whole" | "seats" | "both";

/**
 * A booking as it stands; `created_at` is when it was booked. When it is read: `reason` and `metadata` are those
 * of the hold that it was; `holds` has those of each hold, where it was made of several or of seats by name.
 */
export interface BookingAnswer {
  message: string;
  created_at: string;
  booking: string;
  reservation: string;
  show: string;
  venue: string;
  status: string;
  seats: SeatPrice[];
  areas: AreaPrice[];
  total_amount: number;
  currency: string;
  request?: string | null;
  contact?: Contact | null;
  notes?: string | null;
  special_requests?: string | null;
  external_id?: string | null;
  reason?: string | null;
  metadata?: Record<string, unknown> | null;
  holds?: NotedHold[] | null;
  booked_by?: string | null;
  difference?: number | null;
}

/** A page of bookings, the newest first. */
export interface BookingsAnswer {
  message: string;
  created_at: string;
  data: BookingAnswer[];
  has_more: boolean;
  next_cursor?: string | null;
}

/** Seats to look at, by label. */
export interface BulkBody {
  show: string;
  seats: string[];
}

/** The seats asked for that there are, in the order asked; `unknown` are the labels that the show does not have. */
export interface BulkStatusAnswer {
  message: string;
  created_at: string;
  show: string;
  seq: number;
  currency: string;
  data: SeatWord[];
  unknown: string[];
}

export interface Canvas {
  width: number;
  height: number;
}

export interface CanvasBody {
  width?: number;
  height?: number;
}

export interface CategoryBody {
  name: string;
  /** minor units of the show's currency */
  price: number;
  colour?: string;
  /** in the short form: which rows are of this category; none: all the others */
  rows?: number[];
}

/** A category: its places, and what those that are booked were sold for, as far as that is told to who asks. */
export interface CategoryStats {
  total: number;
  available: number;
  held: number;
  booked: number;
  blocked: number;
  name: string;
  total_amount: number;
}

/** What is to be different: fields of the policy that are left out stay as they are, prices too. */
export interface ChangeBody {
  policy?: PolicyBody | null;
  /** category name to price; for new holds */
  prices?: Record<string, unknown>;
}

/**
 * Seats that a booking gives back, and those that it gets for them, in one step; or whom it is for from now on,
 * with what has been noted (what is left out of it is forgotten).
 */
export interface ChangeBookingBody {
  contact?: ContactBody | null;
  notes?: string | null;
  special_requests?: string | null;
  give?: string[];
  take?: string[];
}

/**
 * One channel: an API key (`key_…`), or all fans together (`fans`). Places that are held and booked; of the
 * reservations that it ever made the share that is booked now; `total_amount` of what is booked now.
 */
export interface ChannelStats {
  channel: string;
  held: number;
  booked: number;
  reservations: number;
  bookings: number;
  conversion: number;
  total_amount: number;
  median_s_to_book?: number | null;
}

/**
 * A payment has begun: `pay_at` is where the payer pays it, a URL or a path of ours; until `expires_at` the
 * places are kept for it.
 */
export interface CheckoutAnswer {
  message: string;
  created_at: string;
  reservation: string;
  show: string;
  status: string;
  total_amount: number;
  currency: string;
  expires_at: string;
  provider: string;
  pay_at: string;
  request: string;
}

/** Whom the booking is for, and where the payer goes afterwards. */
export interface CheckoutBody {
  contact?: ContactBody | null;
  notes?: string | null;
  special_requests?: string | null;
  /** a path on this site, with its query */
  return_to?: string;
}

export interface CloseBody {
  reason?: string;
}

/**
 * What to book, for whom, and how it was paid: one reservation; or several, seats and tables that the caller
 * holds in `show`, places of areas that nobody holds, or any mix of these, as one booking.
 */
export interface ConfirmBody {
  contact?: ContactBody | null;
  notes?: string | null;
  special_requests?: string | null;
  reservation?: string | null;
  reservations?: string[];
  /** where the seats, tables and areas are */
  show?: string | null;
  seats?: string[];
  /** each with all its seats */
  tables?: string[];
  areas?: AreaAsk[];
  external_id?: string | null;
  on_behalf_of?: string | null;
  payment?: PaymentBody | null;
}

export interface Contact {
  name: string;
  email: string;
  phone?: string;
  language?: string;
}

export interface ContactBody {
  name: string;
  email: string;
  phone?: string | null;
  language?: string | null;
}

export interface Counts {
  total: number;
  available: number;
  held: number;
  booked: number;
  blocked: number;
}

/** A page of deliveries, the newest first. */
export interface DeliveriesAnswer {
  message: string;
  created_at: string;
  data: DeliveryShown[];
  has_more: boolean;
  next_cursor?: string | null;
}

/** An event on its way: `due` (again at `due_at`), `done`, or `failed` for good. */
export interface DeliveryShown {
  event: string;
  type: string;
  decided_at: string;
  state: string;
  attempts: number;
  due_at?: string | null;
  last_status?: number | null;
  last_error?: string | null;
  settled_at?: string | null;
}

/** A show: when, where, for how much, and what is left. */
export interface EventAnswer {
  message: string;
  created_at: string;
  show: string;
  name: string;
  venue: string;
  venue_name: string;
  layout: string;
  layout_version: number;
  seat_map: string;
  status: string;
  on_sale: boolean;
  starts_at: string;
  currency: string;
  total_seats: number;
  available_seats: number;
  held_seats: number;
  booked_seats: number;
  tiers: Tier[];
  rules: Rules;
  opens_at?: string | null;
  closes_at?: string | null;
  test?: boolean;
  request?: string | null;
  partition?: number | null;
}

/** A show in a list. Counts are absent while nothing is known of them. */
export interface EventLine {
  show: string;
  name: string;
  venue: string;
  venue_name: string;
  status: string;
  on_sale: boolean;
  starts_at: string;
  currency: string;
  price_from: number;
  price_to: number;
  total_seats: number;
  opens_at?: string | null;
  available_seats?: number | null;
  held_seats?: number | null;
  booked_seats?: number | null;
}

export interface EventsAnswer {
  message: string;
  created_at: string;
  data: EventLine[];
  has_more: boolean;
  next_cursor?: string | null;
}

export interface ExtendBody {
  by_s?: number | null;
}

/** A page of events. `next_cursor` is always there: asked with it later, the feed goes on behind this page. */
export interface FeedAnswer {
  message: string;
  created_at: string;
  data: FeedEvent[];
  has_more: boolean;
  next_cursor: string;
}

/** One event, as a webhook gets it; `event` is the id that is the same wherever it is told. */
export interface FeedEvent {
  event: string;
  body: unknown;
}

/**
 * What is wrong with one field; `pointer` is a JSON pointer into the body, or `?name` or `Name:` for a parameter
 * or header.
 */
export interface FieldError {
  pointer: string;
  code: string;
}

/** `status`: `ok` or `degraded`, and then why (`reasons`). `shows`: those that lag, up to 200, the worst first. */
export interface HealthAnswer {
  message: string;
  created_at: string;
  status: string;
  postgres: string;
  log: string;
  reasons: string[];
  partitions: PartHealth[];
  shows: ShowLag[];
  request_log_waiting: number;
}

/** Several reservations by one request, in the order in which they were asked for. */
export interface HeldTogetherAnswer {
  message: string;
  created_at: string;
  show: string;
  reservations: ReservationAnswer[];
  total_amount: number;
  currency: string;
  request?: string | null;
}

/** What to hold: named seats, whole tables, areas by count, the best available, or any mix of them. */
export interface HoldBody {
  show: string;
  seats?: string[];
  /** each with all its seats */
  tables?: string[];
  areas?: AreaAsk[];
  best?: BestAsk | null;
  /** hold what can be had of the places named; `best` comes all or not at all */
  partial?: boolean;
  hold_s?: number | null;
  reason?: string | null;
  external_id?: string | null;
  metadata?: Record<string, JsonValue> | null;
  on_behalf_of?: string | null;
}

export type JsonValue = unknown;

/** A key. `api_key` is its secret: shown in this answer and never again. */
export interface KeyAnswer {
  message: string;
  created_at: string;
  data: KeyShown;
  api_key?: string | null;
}

/** A new key. `permissions`: roles (`read`, `booking`, `admin`, `operator`) and `group`. */
export interface KeyBody {
  name: string;
  permissions: ("admin" | "book" | "booking" | "group" | "operator" | "read")[];
  sandbox?: boolean;
  venues?: string[];
  shows?: string[];
  /** ranges as 192.0.2.0/24, or one address */
  addresses?: string[];
  requests_per_min?: number;
  selling_at_once?: number;
  /** whose key it is: its people see it in the portal */
  partner?: string;
}

/** A key without its secret; `shown_prefix` is how that begins. */
export interface KeyShown {
  key: string;
  name: string;
  shown_prefix: string;
  permissions: string[];
  sandbox: boolean;
  requests_per_min: number;
  selling_at_once: number;
  made_at: string;
  made_by?: string;
  partner?: string;
  venues?: string[];
  shows?: string[];
  addresses?: string[];
  rotated_at?: string | null;
  previous_until?: string | null;
  revoked_at?: string | null;
}

/** A page of keys. */
export interface KeysAnswer {
  message: string;
  created_at: string;
  data: KeyShown[];
  has_more: boolean;
  next_cursor?: string | null;
}

export interface LayoutAnswer {
  message: string;
  created_at: string;
  venue: string;
  total_seats: number;
  seats: number;
  tables: number;
  areas: number;
  categories: Tier[];
  sha256: string;
  warnings_total: number;
  warnings: FieldError[];
  layout?: string | null;
  version?: number | null;
  seat_map?: SeatMapAnswer | null;
}

/**
 * A layout in full (sections of rows of seats, tables, areas sold by count) or in short (rows times seats, a
 * capacity).
 */
export interface LayoutBody {
  name?: string;
  canvas?: CanvasBody;
  categories?: CategoryBody[];
  sections?: SectionBody[];
  tables?: TableBody[];
  areas?: AreaBody[];
  rows?: number | null;
  seats_per_row?: number | null;
  capacity?: number | null;
}

/**
 * A page of the log. `next_cursor` is always there: asked with it later, the log goes on behind this page. A
 * page may be empty though `has_more`: others share the partition.
 */
export interface LedgerAnswer {
  message: string;
  created_at: string;
  show: string;
  data: LedgerLine[];
  has_more: boolean;
  next_cursor: string;
}

/**
 * One outcome. `seq` is raised by one by each that changed the show, so that a reader sees that none is missing;
 * the first of a show is `ShowOpened`. A `repeat` answered a command once more, and changed nothing.
 */
export interface LedgerLine {
  event: string;
  kind: string;
  seq: number;
  at: string;
  places?: LedgerPlaces[];
  seats?: string[];
  code?: string | null;
  repeat?: boolean;
}

/**
 * The places of one reservation as the outcome left them. Whose it is, and for how much, is told to its owner
 * and to admins only.
 */
export interface LedgerPlaces {
  status: string;
  seats?: string[];
  areas?: Record<string, number>;
  reservation?: string | null;
  total_amount?: number | null;
}

/** A dead letter, and what was done with it. */
export interface LetterAnswer {
  message: string;
  created_at: string;
  data: LetterShown;
}

/**
 * A record of the log that the allocator could not decide, and why (`code`). `raw`: its first 3,000 bytes in
 * base64; `status`: `open`, `replayed` (as `request`) or `discarded`.
 */
export interface LetterShown {
  letter: string;
  status: string;
  partition: number;
  offset: number;
  code: string;
  bytes_total: number;
  raw: string;
  settled_by?: string | null;
  settled_at?: string | null;
  request?: string | null;
}

/** A page of dead letters. */
export interface LettersAnswer {
  message: string;
  created_at: string;
  data: LetterShown[];
  has_more: boolean;
  next_cursor?: string | null;
}

/** What a key is limited to from now on; what is left out stays as it is, an empty list lifts a limit. */
export interface LimitsBody {
  name?: string | null;
  venues?: string[] | null;
  shows?: string[] | null;
  addresses?: string[] | null;
  requests_per_min?: number | null;
  selling_at_once?: number | null;
  partner?: string | null;
}

/** The same whether or not a letter is on its way: who guesses learns nothing. */
export interface LinkAnswer {
  message: string;
  created_at: string;
}

/** The address that the booking was made with. */
export interface LinkBody {
  email: string;
}

/** One request; `request_id` is what its answer said in X-Request-Id. */
export interface LogLine {
  at: string;
  key: string;
  operation: string;
  method: string;
  status: number;
  ms: number;
  address: string;
  user_agent: string;
  request_id: string;
}

/** A page of requests, the newest first; they are kept for 30 days, unless the installation says otherwise. */
export interface LogsAnswer {
  message: string;
  created_at: string;
  data: LogLine[];
  has_more: boolean;
  next_cursor?: string | null;
}

export interface NamedCounts {
  total: number;
  available: number;
  held: number;
  booked: number;
  blocked: number;
  name: string;
}

/** What was noted beside one of the holds of which a booking was made. */
export interface NotedHold {
  reservation: string;
  reason?: string | null;
  metadata?: Record<string, unknown> | null;
}

/** The notice has been taken; it need not be sent again. */
export interface NoticeAnswer {
  message: string;
  created_at: string;
  outcomes: NoticedAnswer[];
}

/**
 * What came of one payment that a notice tells of: `booking_confirmed`, `refund_due`, `payment_failed`, a
 * problem's code, or `pending`.
 */
export interface NoticedAnswer {
  outcome: string;
  request: string;
}

/** An OpenAPI document, as its own specification tells. */
export interface OpenApiDocument {
  openapi: string;
}

/**
 * One partition. `status`: `ok`; `silent`, its allocator owes us an answer for `silent_ms`; `refusing`, it says
 * that it cannot write.
 */
export interface PartHealth {
  partition: number;
  status: string;
  silent_ms?: number | null;
}

export interface PaymentBody {
  provider: string;
  reference: string;
  amount: number;
  method?: string | null;
  /** what was paid with, the same for the same card: the limits of `on_behalf_of` bind it, too */
  payer?: string | null;
}

/** 202: the command is on the log; ask for its verdict at `/api/requests/{request}`. */
export interface PendingAnswer {
  message: string;
  created_at: string;
  request: string;
  status: string;
}

/** What was booked from `since` on for a minute, an hour or a day, as far as it is booked still. */
export interface PeriodStats {
  since: string;
  bookings: number;
  places: number;
  total_amount: number;
}

/** Why one place could not be had. */
export interface PlaceConflict {
  label: string;
  reason: string;
  reservation?: string | null;
}

/** The rules of a show; what is left out is the default. Times in seconds. */
export interface PolicyBody {
  /** of one person; 0: any number */
  holds_at_once?: number;
  /** so many that came to nothing make a person wait; 0: never */
  unpaid_holds?: number;
  /** the same for a key, as far as it holds on behalf of nobody; 0: never */
  unpaid_holds_partner?: number;
  /** within how long, and for how long */
  cool_down_s?: number;
  /** 60 to 900; shows with test: true from 1 */
  hold_s?: number;
  /** the longest a hold can be extended to */
  hold_max_s?: number;
  payment_s?: number;
  seats_per_hold?: number;
  seats_per_hold_partner?: number;
  max_held_seats_per_person?: number;
  /** held and booked, in all; 0: any number */
  seats_per_person?: number;
  /** whole ones; their seats count beside */
  tables_per_hold?: number;
  tables_per_hold_partner?: number;
  max_held_tables_per_person?: number;
  payment?: "required" | "optional";
  /** sold only to those who come through the waiting room: API keys hold nothing */
  admission_required?: boolean;
  /** how long before the start a booking can be cancelled */
  refund_until_s?: number;
  /** holds that leave a single seat: as they come, told in `why`, or refused while many are free */
  orphan_rule?: "off" | "warn" | "enforce";
  /** when the best available may be accessible seats, for anybody; default: never */
  accessible_released_at?: string | null;
}

/** An error (RFC 9457). `code` is stable; `retryable`: the same request, unchanged, may succeed later. */
export interface ProblemAnswer {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  code: string;
  request_id: string;
  retryable: boolean;
  retry_after_s?: number | null;
  request?: string | null;
  conflicts?: PlaceConflict[] | null;
  conflicts_total?: number | null;
  alternatives?: string[][] | null;
  errors?: FieldError[] | null;
}

/** What a problem code means. */
export interface ProblemMeaning {
  code: string;
  title: string;
  status: number;
  retryable: boolean;
}

/**
 * What would be held, and its price now. How many places a person has booked, and whether they have to wait for
 * having let too many holds go, is judged by the hold alone.
 */
export interface QuoteAnswer {
  message: string;
  created_at: string;
  show: string;
  venue: string;
  seats: SeatPrice[];
  areas: AreaPrice[];
  total_amount: number;
  currency: string;
  seq: number;
  tables?: string[] | null;
  why?: WhyThese | null;
  left_out?: PlaceConflict[] | null;
}

/** What was kept. */
export interface RatingAnswer {
  message: string;
  created_at: string;
  booking: string;
  stars: number;
}

/** From 1, bad, to 5, very good. */
export interface RatingBody {
  stars: number;
}

/** What those who booked said of it: how many did, how many gave one star, two, … five, and the average. */
export interface RatingStats {
  ratings: number;
  by_stars: number[];
  average?: number | null;
}

/** One refund. */
export interface RefundAnswer {
  message: string;
  created_at: string;
  data: RefundLine;
}

/**
 * `amount` of the payment `reference` goes back, in minor units of the show's currency. `reason`: a problem's
 * code, or `show_cancelled`, `booking_cancelled`, `booking_changed`. `state`: `due` (tried until it is done,
 * next at `due_at`), `done`, or `failed`: the provider says no, or has not answered for three days.
 */
export interface RefundLine {
  refund: string;
  show: string;
  reservation: string;
  provider: string;
  reference: string;
  amount: number;
  reason: string;
  owner: string;
  state: string;
  tries: number;
  created_at: string;
  due_at?: string | null;
  settled_at?: string | null;
  provider_refund?: string | null;
  last_error?: string | null;
}

/** A page of refunds, by when they were due first. */
export interface RefundsAnswer {
  message: string;
  created_at: string;
  data: RefundLine[];
  has_more: boolean;
  next_cursor?: string | null;
}

/**
 * What became of a request: `pending`, `granted` or `rejected`. `outcome` is the body that waiting would have
 * got (with `rejected`, the problem), and `partition` and `offset` are its place in the log.
 */
export interface RequestAnswer {
  message: string;
  created_at: string;
  request: string;
  status: string;
  partition: number;
  offset: number;
  outcome?: unknown | null;
}

/**
 * A reservation as it stands. `tables`: the whole ones among the seats; `reason` and `metadata` as they were
 * sent with the hold, told when the reservation is read.
 */
export interface ReservationAnswer {
  message: string;
  created_at: string;
  reservation: string;
  show: string;
  venue: string;
  status: string;
  seats: SeatPrice[];
  areas: AreaPrice[];
  total_amount: number;
  currency: string;
  expires_at: string;
  tables?: string[] | null;
  left_out?: PlaceConflict[] | null;
  left_out_total?: number | null;
  request?: string | null;
  reservation_token?: string | null;
  booking?: string | null;
  external_id?: string | null;
  reason?: string | null;
  metadata?: Record<string, unknown> | null;
  why?: WhyThese | null;
  held_by?: string | null;
}

/** `overlap_s`: how long the secret before still works. */
export interface RotateBody {
  overlap_s?: number;
}

/** `overlap_s`: how long the secret before signs as well. */
export interface RotateSecretBody {
  overlap_s?: number;
}

export interface RowBody {
  label: string;
  category?: string | null;
  seats: SeatBody[];
}

export interface RowMap {
  label: string;
  seats: SeatPlace[];
}

/** A show's policy; times in seconds. */
export interface Rules {
  hold_s: number;
  hold_max_s: number;
  payment_s: number;
  seats_per_hold: number;
  seats_per_hold_partner: number;
  max_held_seats_per_person: number;
  seats_per_person: number;
  tables_per_hold: number;
  tables_per_hold_partner: number;
  max_held_tables_per_person: number;
  holds_at_once: number;
  unpaid_holds: number;
  unpaid_holds_partner: number;
  cool_down_s: number;
  payment: string;
  admission_required: boolean;
  refund_until_s: number;
  orphan_rule: string;
  accessible_released_at?: string | null;
}

/** `mine`: it is held or booked by whoever asks, as their token says. */
export interface SeatAnswer {
  message: string;
  created_at: string;
  show: string;
  seat: string;
  status: string;
  price: number;
  currency: string;
  category: string;
  section: string;
  row: string;
  number: number;
  accessible: boolean;
  seq: number;
  table?: string | null;
  companion_of?: string | null;
  mine?: boolean;
  whose?: Whose | null;
}

export interface SeatBody {
  label: string;
  x: number;
  y: number;
  /** default: that of the row or the table */
  category?: string | null;
  number?: number | null;
  /** clockwise */
  rotation?: number;
  width?: number;
  height?: number;
  accessible?: boolean;
  /** the accessible seat that it goes with */
  companion_of?: string | null;
}

/** A layout: where everything is, and what it costs. No status, so that it can be kept for long. */
export interface SeatMapAnswer {
  message: string;
  created_at: string;
  venue: string;
  name: string;
  layout: string;
  version: number;
  total_seats: number;
  canvas: Canvas;
  categories: Tier[];
  sections: SectionMap[];
  tables: TablePlace[];
  areas: AreaPlace[];
}

/** `x`, `y`: its centre, on the canvas; `rotation` in degrees, clockwise. */
export interface SeatPlace {
  label: string;
  number: number;
  x: number;
  y: number;
  category: string;
  rotation?: number;
  width?: number;
  height?: number;
  accessible?: boolean;
  companion_of?: string | null;
}

export interface SeatPrice {
  seat: string;
  category: string;
  price: number;
}

export interface SeatState {
  label: string;
  status: string;
  price: number;
  category: string;
  x: number;
  y: number;
}

/** `mine` as in `SeatAnswer`. */
export interface SeatWord {
  label: string;
  status: string;
  price: number;
  mine?: boolean;
  whose?: Whose | null;
}

/**
 * Every place with its status and price, as of `seq`. With `since_seq` only the seats that have changed after
 * it; with `sections` no seats and no tables.
 */
export interface SeatsAnswer {
  message: string;
  created_at: string;
  show: string;
  seq: number;
  currency: string;
  seats: SeatState[];
  tables: TableState[];
  areas: AreaState[];
  stats: Counts;
  since_seq?: number | null;
  sections?: NamedCounts[] | null;
}

export interface SectionBody {
  name: string;
  rows: RowBody[];
}

export interface SectionMap {
  name: string;
  rows: RowMap[];
}

/** It will be sent once more, under its old id. */
export interface SentAgain {
  message: string;
  created_at: string;
  webhook: string;
  event: string;
}

/** What a table looks like from above. */
export type Shape = "round" | "rectangle";

/**
 * A show on a venue's layout (`venue`, and `layout` unless it is the newest); or in short, with `capacity` or
 * `rows` and `seats_per_row`, which makes venue and layout as well.
 */
export interface ShowBody {
  name: string;
  starts_at: string;
  opens_at?: string | null;
  /** default: when it starts */
  closes_at?: string | null;
  venue?: string | null;
  layout?: string | null;
  capacity?: number | null;
  rows?: number | null;
  seats_per_row?: number | null;
  categories?: CategoryBody[] | null;
  currency?: string;
  /** category name to price, where it differs from the layout's */
  prices?: Record<string, number>;
  policy?: PolicyBody;
  test?: boolean;
}

/** An admin's command on a show, done. */
export interface ShowChangedAnswer {
  message: string;
  created_at: string;
  show: string;
  status: string;
  request?: string | null;
}

/** How long the oldest undecided command of a show has waited, by its allocator's word. */
export interface ShowLag {
  show: string;
  lag_ms: number;
}

/**
 * A show in figures. The counts are of the show at `seq`. Channels, amounts, `over_time` and `satisfaction` are
 * at most two seconds old: for admins of all channels, for anybody else the key's own. `over_time`: the newest
 * 200 periods in which anything was booked, the oldest first.
 */
export interface StatsAnswer {
  message: string;
  created_at: string;
  show: string;
  seq: number;
  status: string;
  currency: string;
  total_seats: number;
  available_seats: number;
  held_seats: number;
  booked_seats: number;
  blocked_seats: number;
  categories: CategoryStats[];
  sections: NamedCounts[];
  areas: NamedCounts[];
  channels: ChannelStats[];
  over_time: PeriodStats[];
  satisfaction: RatingStats;
  total_amount: number;
}

/** A table: its seats one by one, or only how many, which are then numbered and set around it. */
export interface TableBody {
  label: string;
  x: number;
  y: number;
  seats: number | SeatBody[];
  category?: string | null;
  section?: string;
  bookable?: Bookable;
  shape?: Shape;
  /** clockwise */
  rotation?: number;
  width?: number;
  height?: number;
}

/** `bookable`: whole, by seat, or both; `x`, `y`: its centre. */
export interface TablePlace {
  label: string;
  section: string;
  bookable: string;
  shape: string;
  x: number;
  y: number;
  rotation: number;
  width: number;
  height: number;
  seats: SeatPlace[];
}

/** A table with its free seats; `price` of all its seats together. Whole it can be had if all are free. */
export interface TableState {
  label: string;
  bookable: string;
  price: number;
  seats: number;
  available: number;
  free: string[];
}

/** The rules and prices of a show as they are from now on. */
export interface TermsAnswer {
  message: string;
  created_at: string;
  show: string;
  rules: Rules;
  tiers: Tier[];
  request?: string | null;
}

export interface Tier {
  category: string;
  price: number;
  colour: string;
}

/** A token, to be sent as `Authorization: Bearer`. */
export interface TokenAnswer {
  message: string;
  created_at: string;
  token: string;
  token_type: string;
  expires_in: number;
  expires_at: string;
  permissions: string[];
}

/** What is asked for. `permissions`: some of what the key has; left out, all of it. */
export interface TokenBody {
  api_key: string;
  permissions?: ("admin" | "book" | "booking" | "group" | "operator" | "read")[] | null;
}

/** A page of sums; they are a second old. */
export interface UsageAnswer {
  message: string;
  created_at: string;
  data: UsageLine[];
  has_more: boolean;
  next_cursor?: string | null;
}

/**
 * What a key asked of one call since then, for an hour or a day: `refused` was answered with 4xx, `failed` with
 * 5xx. Milliseconds are from the request to its answer, waiting for a verdict included.
 */
export interface UsageLine {
  since: string;
  key: string;
  operation: string;
  requests: number;
  refused: number;
  failed: number;
  mean_ms: number;
  most_ms: number;
}

export interface VenueAnswer {
  message: string;
  created_at: string;
  venue: string;
  name: string;
}

export interface VenueBody {
  name: string;
}

/** A venue; `layout`, `version` and `total_seats` are of its newest layout, and absent while it has none. */
export interface VenueShown {
  venue: string;
  name: string;
  made_at: string;
  layout?: string | null;
  version?: number | null;
  total_seats?: number | null;
}

/** A page of venues, the newest first. */
export interface VenuesAnswer {
  message: string;
  created_at: string;
  data: VenueShown[];
  has_more: boolean;
  next_cursor?: string | null;
}

/** A webhook. `secret` (`whsec_…`) verifies what is sent: shown in this answer and never again. */
export interface WebhookAnswer {
  message: string;
  created_at: string;
  data: WebhookShown;
  secret?: string | null;
}

/** Where to send events. `account`: whose (a key's id); only admins may name another than their own. */
export interface WebhookBody {
  url: string;
  /** which events; none means all */
  events?: ("request_decided" | "booking_confirmed" | "booking_changed" | "booking_cancelled" | "reservation_expired" | "refund_due" | "allocation_returned")[];
  description?: string;
  account?: string | null;
}

/** What is left out stays as it is. `enabled`: true also takes back that it was switched off because of a 410. */
export interface WebhookChange {
  url?: string | null;
  events?: ("request_decided" | "booking_confirmed" | "booking_changed" | "booking_cancelled" | "reservation_expired" | "refund_due" | "allocation_returned")[] | null;
  description?: string | null;
  enabled?: boolean | null;
}

/** It was removed. */
export interface WebhookGone {
  message: string;
  created_at: string;
  webhook: string;
}

/** A webhook without its secret. */
export interface WebhookShown {
  webhook: string;
  account: string;
  url: string;
  events: string[];
  enabled: boolean;
  made_at: string;
  description?: string;
  previous_until?: string | null;
  disabled_at?: string | null;
  disabled_why?: string | null;
}

/** A page of webhooks. */
export interface WebhooksAnswer {
  message: string;
  created_at: string;
  data: WebhookShown[];
  has_more: boolean;
  next_cursor?: string | null;
}

/**
 * Whom the token speaks for. `kind`: `key`, `token` (what a key was exchanged for), `pass`, `reservation`, or
 * `booking` (the link in a mail). `venues` and `shows`: where a key is good; absent where it is good everywhere.
 */
export interface WhoAnswer {
  message: string;
  created_at: string;
  valid: boolean;
  kind: string;
  account: string;
  permissions: string[];
  sandbox?: boolean;
  expires_at?: string | null;
  show?: string | null;
  reservation?: string | null;
  venues?: string[] | null;
  shows?: string[] | null;
}

/**
 * In which reservation a seat is, and when a hold ends. For admins also who holds it, or who has booked it,
 * when, and for how much.
 */
export interface Whose {
  reservation: string;
  hold_expires_at?: string | null;
  held_by?: string | null;
  booked_by?: string | null;
  booked_at?: string | null;
  booked_price?: number | null;
}

/** Why these seats: the rule that found them, those tried before it, the single free seats they leave behind. */
export interface WhyThese {
  rule: string;
  tried: string[];
  orphans_left: number;
}

/** What can go wrong: docs/api/problems.md. */
export type ProblemCode =
  | "admission_required"
  | "allocation_exhausted"
  | "allocation_mixed"
  | "allocation_not_found"
  | "allocation_too_large"
  | "already_booked"
  | "already_let_in"
  | "already_yours"
  | "amount_wrong"
  | "body_missing"
  | "body_too_large"
  | "body_too_slow"
  | "booking_cancelled"
  | "booking_not_found"
  | "busy"
  | "changed_meanwhile"
  | "client_id_reused"
  | "code_invalid"
  | "code_needed"
  | "code_used_up"
  | "cooling_down"
  | "data_refused"
  | "headers_too_large"
  | "headers_too_slow"
  | "hold_expired"
  | "hold_not_yours"
  | "hold_released"
  | "hold_time_out_of_range"
  | "idempotency_key_invalid"
  | "idempotency_key_missing"
  | "idempotency_key_reused"
  | "insufficient_scope"
  | "internal_error"
  | "invalid_id"
  | "invalid_request"
  | "key_gone"
  | "key_revoked"
  | "layout_invalid"
  | "layout_mismatch"
  | "letter_settled"
  | "limit_exceeded"
  | "log_unavailable"
  | "malformed"
  | "malformed_json"
  | "method_not_allowed"
  | "no_adjacent_block"
  | "not_blocked"
  | "not_booked"
  | "not_found"
  | "not_on_sale"
  | "not_paying"
  | "not_supported"
  | "not_your_turn"
  | "not_yours"
  | "nothing_asked_for"
  | "nothing_to_pay"
  | "orphan_seat"
  | "pass_expired"
  | "payment_missing"
  | "payment_not_offered"
  | "payment_refused"
  | "payment_reused"
  | "payment_unavailable"
  | "payment_under_way"
  | "place_given_up"
  | "rate_limited"
  | "refund_window_closed"
  | "request_malformed"
  | "request_not_found"
  | "reservation_not_found"
  | "room_closed"
  | "room_held"
  | "room_unavailable"
  | "sales_paused"
  | "seats_not_in_reservation"
  | "seats_unavailable"
  | "several_shows"
  | "show_cancelled"
  | "show_closed"
  | "show_exists"
  | "show_not_found"
  | "sign_in_unavailable"
  | "signature_invalid"
  | "sold_out"
  | "table_not_sold_so"
  | "ticket_invalid"
  | "times_invalid"
  | "token_expired"
  | "token_invalid"
  | "too_many_at_once"
  | "too_many_keys"
  | "too_many_seats"
  | "too_many_webhooks"
  | "unauthenticated"
  | "unknown_category"
  | "unknown_places"
  | "unsupported_media_type"
  | "url_too_long"
  | "work_needed"
  | "wrong_secret"
  | "wrong_show";

/** Every call by its operationId; `answer` is the body of a success. */
export interface Calls {
  /** Shows, by start. */
  list_events: {
    method: "GET";
    path: "/api/events";
    query: { q?: string; from?: string; to?: string; venue?: string; status?: "open" | "closed" | "cancelled"; limit?: number; after?: string; };
    answer: EventsAnswer;
  };
  /** A show: tiers, rules, what is left. */
  read_event: {
    method: "GET";
    path: "/api/events/{show}";
    params: { show: string; };
    answer: EventAnswer;
  };
  /** The layout: where everything is and what it costs, without status. */
  seat_map: {
    method: "GET";
    path: "/api/venues/{venue}/seat-map";
    params: { venue: string; };
    query: { version?: number; };
    answer: SeatMapAnswer;
  };
  /** Seats with status and price. */
  seats: {
    method: "GET";
    path: "/api/venues/{venue}/shows/{show}/seats";
    params: { venue: string; show: string; };
    query: { status?: "available" | "held" | "booked" | "blocked"; category?: string; bbox?: string; zoom?: number; since_seq?: number; };
    answer: SeatsAnswer;
  };
  /** How many are left, by category, section and area. */
  availability: {
    method: "GET";
    path: "/api/venues/{venue}/shows/{show}/availability";
    params: { venue: string; show: string; };
    answer: AvailabilityAnswer;
  };
  /** One seat of a show; with a token, whether it is yours. */
  seat: {
    method: "GET";
    path: "/api/seats/{label}";
    params: { label: string; };
    query: { show: string; };
    answer: SeatAnswer;
  };
  /** Up to 1,000 seats of a show; with a token, which are yours. */
  bulk_status: {
    method: "POST";
    path: "/api/seats/bulk-status";
    body: BulkBody;
    answer: BulkStatusAnswer;
  };
  /** Hold named seats, places of areas, or the best. */
  hold: {
    method: "POST";
    path: "/api/reservations";
    body: HoldBody;
    answer: ReservationAnswer | PendingAnswer;
  };
  /** Read a reservation of one's own. */
  read_reservation: {
    method: "GET";
    path: "/api/reservations/{reservation}";
    params: { reservation: string; };
    answer: ReservationAnswer;
  };
  /** Give the places back, or some seats of them. */
  release: {
    method: "DELETE";
    path: "/api/reservations/{reservation}";
    params: { reservation: string; };
    query: { seats?: string; };
    answer: ReservationAnswer | PendingAnswer;
  };
  /** Hold for longer, within what the show allows. */
  extend: {
    method: "PUT";
    path: "/api/reservations/{reservation}/extend";
    params: { reservation: string; };
    body?: ExtendBody;
    answer: ReservationAnswer | PendingAnswer;
  };
  /** Read a booking of one's own. */
  read_booking: {
    method: "GET";
    path: "/api/bookings/{booking}";
    params: { booking: string; };
    answer: BookingAnswer;
  };
  /** Cancel a booking in the refund window. */
  cancel: {
    method: "DELETE";
    path: "/api/bookings/{booking}";
    params: { booking: string; };
    answer: BookingAnswer | PendingAnswer;
  };
  /** Other seats for a booking in one step, or another contact. */
  change_booking: {
    method: "PUT";
    path: "/api/bookings/{booking}";
    params: { booking: string; };
    body: ChangeBookingBody;
    answer: BookingAnswer | PendingAnswer;
  };
  /** Book what is held, or places of areas at once: all of it as one booking, or nothing. */
  confirm: {
    method: "POST";
    path: "/api/bookings";
    body: ConfirmBody;
    answer: BookingAnswer | PendingAnswer;
  };
  /** Bookings, the newest first: for admins of all channels, for anybody else one's own; also as CSV. */
  list_bookings: {
    method: "GET";
    path: "/api/bookings";
    query: { show?: string; status?: "booked" | "cancelled"; channel?: string; from?: string; to?: string; external_id?: string; email?: string; limit?: number; after?: string; format?: "json" | "csv"; };
    answer: BookingsAnswer;
  };
  /** Send the link to a booking to the address it was made with, once more. */
  send_booking_link: {
    method: "POST";
    path: "/api/bookings/{booking}/link";
    params: { booking: string; };
    body: LinkBody;
    answer: LinkAnswer;
  };
  /** Say how it was, in one to five stars; the last answer counts. */
  rate_booking: {
    method: "PUT";
    path: "/api/bookings/{booking}/rating";
    params: { booking: string; };
    body: RatingBody;
    answer: RatingAnswer;
  };
  /** Begin to pay for a reservation; the answer says where. */
  checkout: {
    method: "POST";
    path: "/api/reservations/{reservation}/checkout";
    params: { reservation: string; };
    body?: CheckoutBody;
    answer: CheckoutAnswer | PendingAnswer;
  };
  /** A payment provider tells what came of a payment; signed by it. */
  payment_notice: {
    method: "POST";
    path: "/api/payments/webhook/{provider}";
    params: { provider: string; };
    body: unknown;
    answer: NoticeAnswer;
  };
  /** Up to 50 holds: as one (201, all or none), or each for itself (200, a verdict each). */
  batch: {
    method: "POST";
    path: "/api/reservations/batch";
    body: BatchBody;
    answer: BatchAnswer | HeldTogetherAnswer | PendingAnswer;
  };
  /** What a hold would get and cost now; nothing is held. */
  quote: {
    method: "POST";
    path: "/api/reservations/quote";
    body: HoldBody;
    answer: QuoteAnswer;
  };
  /** What became of a request of one's own. */
  read_request: {
    method: "GET";
    path: "/api/requests/{request}";
    params: { request: string; };
    answer: RequestAnswer;
  };
  /** What a problem code means. */
  read_problem: {
    method: "GET";
    path: "/api/problems/{code}";
    params: { code: string; };
    answer: ProblemMeaning;
  };
  /** What came of every command on a show, in order. */
  show_ledger: {
    method: "GET";
    path: "/api/shows/{show}/ledger";
    params: { show: string; };
    query: { limit?: number; after?: string; };
    answer: LedgerAnswer;
  };
  /** A show in figures. */
  show_stats: {
    method: "GET";
    path: "/api/shows/{show}/stats";
    params: { show: string; };
    query: { by?: "minute" | "hour" | "day"; };
    answer: StatsAnswer;
  };
  /** Exchange an API key for a token of an hour, with all or some of its permissions. */
  exchange_key: {
    method: "POST";
    path: "/api/auth/token";
    body: TokenBody;
    answer: TokenAnswer;
  };
  /** What the token or key that is sent is worth. */
  validate: {
    method: "GET";
    path: "/api/auth/validate";
    answer: WhoAnswer;
  };
  /** Venues, each with its newest layout. */
  list_venues: {
    method: "GET";
    path: "/api/admin/venues";
    query: { q?: string; limit?: number; after?: string; };
    answer: VenuesAnswer;
  };
  /** Make a venue. */
  add_venue: {
    method: "POST";
    path: "/api/admin/venues";
    body: VenueBody;
    answer: VenueAnswer;
  };
  /** Give a venue its next layout, in full or in short. */
  put_layout: {
    method: "PUT";
    path: "/api/admin/venues/{venue}/layout";
    params: { venue: string; };
    query: { validate_only?: boolean; drawn?: boolean; };
    body: LayoutBody;
    answer: LayoutAnswer;
  };
  /** Make a show and open it: on a venue's layout, or in short with a capacity alone. */
  add_show: {
    method: "POST";
    path: "/api/admin/shows";
    body: ShowBody;
    answer: EventAnswer | PendingAnswer;
  };
  /** Open a show whose opening got no answer; one that is open is told as it is. */
  open_show: {
    method: "POST";
    path: "/api/admin/shows/{show}/open";
    params: { show: string; };
    answer: EventAnswer | PendingAnswer;
  };
  /** Close the sale for good. */
  close_show: {
    method: "POST";
    path: "/api/admin/shows/{show}/close";
    params: { show: string; };
    body?: CloseBody;
    answer: ShowChangedAnswer | PendingAnswer;
  };
  /** Change rules and prices, also in mid-sale; what is held keeps its price. */
  change_show: {
    method: "PATCH";
    path: "/api/admin/shows/{show}";
    params: { show: string; };
    body: ChangeBody;
    answer: TermsAnswer | PendingAnswer;
  };
  /** Cancel a show: its bookings end, and what was paid for them goes back. */
  cancel_show: {
    method: "POST";
    path: "/api/admin/shows/{show}/cancel";
    params: { show: string; };
    body?: CloseBody;
    answer: ShowChangedAnswer | PendingAnswer;
  };
  /** Take seats off sale, all of them or none. */
  block: {
    method: "POST";
    path: "/api/admin/shows/{show}/blocks";
    params: { show: string; };
    body: BlockBody;
    answer: BlocksAnswer | PendingAnswer;
  };
  /** Put blocked seats on sale again, all of them or none. */
  unblock: {
    method: "DELETE";
    path: "/api/admin/shows/{show}/blocks";
    params: { show: string; };
    query: { seats?: string; };
    answer: BlocksAnswer | PendingAnswer;
  };
  /** The seats that are off sale. */
  blocks: {
    method: "GET";
    path: "/api/admin/shows/{show}/blocks";
    params: { show: string; };
    answer: BlocksAnswer;
  };
  /** What is kept for partners, and how far they have sold it: for admins all of it, for a key its own. */
  allocations: {
    method: "GET";
    path: "/api/admin/shows/{show}/allocations";
    params: { show: string; };
    answer: AllocationsAnswer;
  };
  /** Keep places for a partner, or keep more or fewer. */
  put_allocation: {
    method: "PUT";
    path: "/api/admin/shows/{show}/allocations/{partner}";
    params: { show: string; partner: string; };
    body: AllocationBody;
    answer: AllocationAnswer | PendingAnswer;
  };
  /** Give back what is kept for a partner and not sold. */
  delete_allocation: {
    method: "DELETE";
    path: "/api/admin/shows/{show}/allocations/{partner}";
    params: { show: string; partner: string; };
    query: { category?: string; };
    answer: AllocationAnswer | PendingAnswer;
  };
  /** Money that goes back, and how far it has come. */
  refunds: {
    method: "GET";
    path: "/api/admin/refunds";
    query: { state?: "due" | "done" | "failed"; show?: string; limit?: number; after?: string; };
    answer: RefundsAnswer;
  };
  /** Try a refund again now, under its old name; one that is done or under way stays as it is. */
  retry_refund: {
    method: "POST";
    path: "/api/admin/refunds/{refund}/retry";
    params: { refund: string; };
    answer: RefundAnswer;
  };
  /** Make an API key; its secret is shown this once. */
  make_key: {
    method: "POST";
    path: "/api/admin/keys";
    body: KeyBody;
    answer: KeyAnswer;
  };
  /** Keys, without their secrets. */
  list_keys: {
    method: "GET";
    path: "/api/admin/keys";
    query: { limit?: number; after?: string; };
    answer: KeysAnswer;
  };
  /** One key, without its secret. */
  read_key: {
    method: "GET";
    path: "/api/admin/keys/{key}";
    params: { key: string; };
    answer: KeyAnswer;
  };
  /** Change what a key is limited to. */
  limit_key: {
    method: "PATCH";
    path: "/api/admin/keys/{key}";
    params: { key: string; };
    body: LimitsBody;
    answer: KeyAnswer;
  };
  /** Give a key a new secret; the one before works a while longer. */
  rotate_key: {
    method: "POST";
    path: "/api/admin/keys/{key}/rotate";
    params: { key: string; };
    body?: RotateBody;
    answer: KeyAnswer;
  };
  /** End a key, and every token it was exchanged for. */
  revoke_key: {
    method: "POST";
    path: "/api/admin/keys/{key}/revoke";
    params: { key: string; };
    answer: KeyAnswer;
  };
  /** One's own events, in order. */
  events_feed: {
    method: "GET";
    path: "/api/events-feed";
    query: { limit?: number; after?: string; };
    answer: FeedAnswer;
  };
  /** Send a key's events to an address; the secret that signs them is shown this once. */
  make_webhook: {
    method: "POST";
    path: "/api/admin/webhooks";
    body: WebhookBody;
    answer: WebhookAnswer;
  };
  /** Webhooks, without their secrets. */
  list_webhooks: {
    method: "GET";
    path: "/api/admin/webhooks";
    query: { limit?: number; after?: string; };
    answer: WebhooksAnswer;
  };
  /** One webhook, without its secret. */
  read_webhook: {
    method: "GET";
    path: "/api/admin/webhooks/{webhook}";
    params: { webhook: string; };
    answer: WebhookAnswer;
  };
  /** Change a webhook, switch it on or off. */
  change_webhook: {
    method: "PATCH";
    path: "/api/admin/webhooks/{webhook}";
    params: { webhook: string; };
    body: WebhookChange;
    answer: WebhookAnswer;
  };
  /** Remove a webhook with its deliveries. */
  remove_webhook: {
    method: "DELETE";
    path: "/api/admin/webhooks/{webhook}";
    params: { webhook: string; };
    answer: WebhookGone;
  };
  /** Give a webhook a new secret; the one before signs as well for a while. */
  rotate_webhook: {
    method: "POST";
    path: "/api/admin/webhooks/{webhook}/rotate";
    params: { webhook: string; };
    body?: RotateSecretBody;
    answer: WebhookAnswer;
  };
  /** What became of each event. */
  list_deliveries: {
    method: "GET";
    path: "/api/admin/webhooks/{webhook}/deliveries";
    params: { webhook: string; };
    query: { limit?: number; after?: string; state?: "due" | "done" | "failed"; };
    answer: DeliveriesAnswer;
  };
  /** Send an event once more, under its old id. */
  resend_delivery: {
    method: "POST";
    path: "/api/admin/webhooks/{webhook}/deliveries/{event}/resend";
    params: { webhook: string; event: string; };
    answer: SentAgain;
  };
  /** What keys ask for, in sums: for admins of all keys, for a key its own. */
  usage: {
    method: "GET";
    path: "/api/admin/usage";
    query: { key?: string; by?: "hour" | "day"; from?: string; to?: string; limit?: number; after?: string; };
    answer: UsageAnswer;
  };
  /** Single requests of keys: for admins of all, for a key its own. */
  logs: {
    method: "GET";
    path: "/api/admin/logs";
    query: { key?: string; operation?: string; status?: number; from?: string; to?: string; limit?: number; after?: string; };
    answer: LogsAnswer;
  };
  /** Commands that nobody could read. */
  list_dead_letters: {
    method: "GET";
    path: "/api/admin/dead-letters";
    query: { status?: "open" | "replayed" | "discarded"; limit?: number; after?: string; };
    answer: LettersAnswer;
  };
  /** Put one on the log once more. */
  replay_dead_letter: {
    method: "POST";
    path: "/api/admin/dead-letters/{letter}/replay";
    params: { letter: string; };
    answer: LetterAnswer;
  };
  /** Let one be; it stays readable. */
  discard_dead_letter: {
    method: "POST";
    path: "/api/admin/dead-letters/{letter}/discard";
    params: { letter: string; };
    answer: LetterAnswer;
  };
  /** How the installation is, seen from here. */
  health: {
    method: "GET";
    path: "/api/admin/health";
    answer: HealthAnswer;
  };
  /** What is said over websockets. */
  read_asyncapi: {
    method: "GET";
    path: "/api/asyncapi.json";
    answer: AsyncApiDocument;
  };
  /** This document. */
  read_openapi: {
    method: "GET";
    path: "/api/openapi.json";
    answer: OpenApiDocument;
  };
  /** This document in YAML. */
  read_openapi_yaml: {
    method: "GET";
    path: "/api/openapi.yaml";
    answer: string;
  };
  /** This document for reading. */
  read_docs: {
    method: "GET";
    path: "/api/docs";
    answer: string;
  };
  /** The script of the page for reading, with which its calls are tried. */
  read_docs_script: {
    method: "GET";
    path: "/api/docs.js";
    answer: string;
  };
}
