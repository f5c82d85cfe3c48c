"""The timetable and the queues: what runs when and where.

Every limit is here because of the failure it prevents; the measurements are in RELIABILITY 4.2.
A message is a hint: what is owed is a row, and a sweep below finds each row whose hint was lost.
"""

from django.conf import settings
from kombu import Exchange, Queue

from quanticity.config.timetable import timetable

broker_url = settings.BROKER_URL
result_backend = None  # the pipeline's results are rows
task_ignore_result = True
task_serializer = "json"
accept_content = ["json"]
enable_utc = True
timezone = "UTC"

# Named exchanges and keys: without them all queues share one binding, and all get every message.
task_queues = [
    Queue(name, Exchange(name), routing_key=name)
    for name in ("market", "entries", "execution", "publishing", "reporting")
]
task_default_queue = task_default_exchange = task_default_routing_key = "reporting"
task_create_missing_queues = False  # a mistyped queue is an error, not a black hole

broker_connection_retry_on_startup = True
broker_connection_max_retries = None  # the default of 100 ends a worker in an overnight outage
broker_channel_error_retry = True  # an out-of-memory answer reconnects instead of exiting
broker_transport_options = {
    # Above the longest countdown (300 s) in every process, or each task runs several times.
    "visibility_timeout": 3_600,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,  # kombu's blocking read is 1 s; a frozen server holds nobody longer
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "retry_on_timeout": False,  # a retried push is a duplicate
    "health_check_interval": 10,
}
task_publish_retry = False  # a hint fails fast; the sweep covers it

task_acks_late = True
task_reject_on_worker_lost = True
task_acks_on_failure_or_timeout = True  # failures are rows, not redeliveries
worker_prefetch_multiplier = 1
worker_eta_task_limit = 1_000
worker_cancel_long_running_tasks_on_connection_loss = False  # cancelling a POST is ambiguous
worker_enable_remote_control = True  # Flower needs it; only our processes reach the broker
worker_send_task_events = True
task_send_sent_event = True
task_track_started = True
task_soft_time_limit = 45
task_time_limit = 60

beat_scheduler = "quanticity.runtime.beat:Scheduler"
beat_max_loop_interval = 5
beat_schedule = timetable()
